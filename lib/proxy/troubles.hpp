// SPDX-License-Identifier: Apache-2.0
// Troubles: connections that failed for how they are set up, which an operator can cure. Counters
// have all of them; a sentence is said of each target and kind once an hour.
#pragma once

#include "proxy/routing.hpp"
#include "proxy/session.hpp"

#include "base/time.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace nlb::proxy {

struct Trouble {
    std::shared_ptr<const FlowLabel> label;
    End why = End::None;
};

/// Is it one? `is_preserved`: the target was to see the client's address.
bool is_trouble(End why, bool is_preserved);

class Troubles {
  public:
    /// What to say, with its cure; nothing when it was said within the hour.
    std::optional<std::string> note(const Trouble& trouble, Nanos now);

  private:
    using Key = std::pair<End, std::pair<model::TargetGroupId, model::TargetId>>;

    struct Told {
        Nanos at;
        std::uint64_t since = 0; // not told
    };

    void forget_old(Nanos now);

    std::map<Key, Told> told_;
};

} // namespace nlb::proxy
