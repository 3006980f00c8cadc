// SPDX-License-Identifier: Apache-2.0
// PipePool: empty pipes for splicing, reused between the connections of one worker, so that an idle
// connection holds none.
#pragma once

#include "io/fd.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace nlb::proxy {

/// A few of a worker's pipes are large: a lone transfer moves at half the cost through one, since
/// either end is woken less often, and with many under way the kernel has enough to do between two
/// looks at each. All pipes of a user share pipe-user-pages-soft [pipe(7)], 64 MiB by default.
struct Pipe {
    io::Fd read_end;
    io::Fd write_end;
    std::shared_ptr<const void> large; ///< null when it is not
};

class PipePool {
  public:
    /// An empty pipe, or nothing when the process or the user may have no more: the kernel gives
    /// pipes of a page or two to users beyond pipe-user-pages-soft, and copying is better than
    /// those.
    std::optional<Pipe> take();

    /// `pipe` must be empty.
    void give_back(Pipe pipe);

    static constexpr int kLargeBytes = 1024 * 1024; ///< what pipe-max-size allows everybody
    static constexpr int kBytes = 256 * 1024;
    static constexpr long kMostLarge = 16;
    static constexpr std::size_t kMostIdle = 64; ///< kept for the next bulk transfer

  private:
    std::vector<Pipe> idle_; // large ones last
    /// Each large pipe shares it, wherever it is: the count is theirs.
    std::shared_ptr<const void> large_ = std::make_shared<int>();
};

} // namespace nlb::proxy
