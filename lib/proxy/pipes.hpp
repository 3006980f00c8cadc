// SPDX-License-Identifier: Apache-2.0
// PipePool: empty pipes for splicing, reused between the connections of one worker, so that an idle
// connection holds none.
#pragma once

#include "io/fd.hpp"

#include <optional>
#include <vector>

namespace nlb::proxy {

struct Pipe {
    io::Fd read_end;
    io::Fd write_end;
};

class PipePool {
  public:
    /// An empty pipe of kPipeBytes, or nothing when the process or the user may have no more: the
    /// kernel gives pipes of a page or two to users beyond pipe-user-pages-soft [pipe(7)], and
    /// copying is better than those.
    std::optional<Pipe> take();

    /// `pipe` must be empty.
    void give_back(Pipe pipe);

    static constexpr int kPipeBytes = 256 * 1024;
    static constexpr std::size_t kMostIdle = 64; ///< kept for the next bulk transfer

  private:
    std::vector<Pipe> idle_;
};

} // namespace nlb::proxy
