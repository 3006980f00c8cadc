// SPDX-License-Identifier: Apache-2.0
// Intake: the events of one stream, of which health goes to a Publisher. What remains for others
// (hello, snapshot-request, what the data plane says) is handed back.
#pragma once

#include "route/publisher.hpp"

#include "contract/sets.hpp"

#include <string>
#include <vector>

namespace nlb::route {

class Intake {
  public:
    struct Taken {
        std::vector<HealthChange> changes;
        std::string warning; ///< something could not be used, and why; empty: nothing
        bool lost = false;   ///< health may be missing: ask for a snapshot
        const contract::Message* other = nullptr; ///< into the event; null when used up here
    };

    Taken take(const contract::Event& event, Publisher& publisher);

    /// Who speaks; empty members before its hello.
    [[nodiscard]] const contract::Hello& peer() const { return peer_; }

    /// Lines and sets so far that could not be used.
    [[nodiscard]] std::uint64_t bad() const { return bad_; }

  private:
    Taken take_outside_sets(const contract::Event& event, Publisher& publisher);
    Taken complain(std::string why, bool lost);

    contract::SetAssembler assembler_;
    contract::Hello peer_;
    std::uint64_t bad_ = 0;
};

} // namespace nlb::route
