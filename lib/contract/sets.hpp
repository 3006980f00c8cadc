// SPDX-License-Identifier: Apache-2.0
// Sets: set-begin, lines, set-end; applied whole or not at all. SetAssembler collects what a
// stream brings, append_set writes one.
#pragma once

#include "contract/stream.hpp"

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace nlb::contract {

struct Set {
    SetKind kind = SetKind::TargetSet;
    model::TargetGroupId scope; ///< empty: the sender has no group at all; on the wire absent
    std::uint64_t generation = 0;
    bool more = false; ///< another set of this generation follows; apply them together
    std::vector<Message> lines;
};

/// Writes set-begin, the lines and set-end with count and digest.
void append_set(const Set& set, StreamWriter& out);

constexpr std::size_t kMostLinesInSet = 1U << 20; ///< a sender beyond it is broken

class SetAssembler {
  public:
    struct NotOfSet {}; ///< an ordinary message: handle it

    struct Collected {}; ///< belongs to a set whose end has not come

    struct Dropped { ///< the set is void: ask for a snapshot
        std::string why;
    };

    using Outcome = std::variant<NotOfSet, Collected, Dropped, Set>;

    /// Takes every event of a stream in order.
    Outcome take(const Event& event);

  private:
    Outcome begin(const SetBegin& begin);
    Outcome end(const SetEnd& end);
    Outcome collect(const Message& message, std::string_view text);
    Outcome drop(std::string why);

    std::optional<Set> open_;
    std::uint64_t digest_ = 0;
};

} // namespace nlb::contract
