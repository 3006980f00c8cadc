// SPDX-License-Identifier: Apache-2.0
// What the indexes in the kernel's tables stand for, kept beside them: a later process goes on with
// the same indexes, and who lists flows can name them.
#pragma once

#include "io/bpf_tables.hpp"

#include "flow/tables.hpp"

#include <map>
#include <vector>

namespace nlb::kernel {

struct TargetLabel {
    model::TargetGroupId group;
    model::TargetId id;
    Endpoint endpoint;
};

/// `value` is zero. Not in use: flows may be left, which the rest is for, and the index is free.
struct ListenerLabel : flow::ListenerEntry {
    model::TargetGroupId group;
};

class Labels {
  public:
    /// Reads what is there. Errors: System.
    static Result<Labels> open(io::MapSet maps);

    /// Writes what is new. Errors: System, also when a label is too long for its place.
    Result<void> update(const flow::Tables& tables);

    /// Null pointers when the index was never used.
    [[nodiscard]] const TargetLabel* target(std::uint32_t index) const;
    [[nodiscard]] const ListenerLabel* listener(std::uint32_t index) const;

    [[nodiscard]] const std::map<std::uint32_t, ListenerLabel>& listeners() const {
        return listeners_;
    }

    /// Tables that say no more than which index is whose: what the next ones are built after.
    /// `targets`: what the kernel holds.
    [[nodiscard]] flow::Tables remembered(std::span<const nlb_target> targets) const;

  private:
    explicit Labels(io::MapSet maps) : maps_(std::move(maps)) {}

    io::MapSet maps_;
    std::map<std::uint32_t, TargetLabel> targets_;
    std::map<std::uint32_t, ListenerLabel> listeners_;
};

} // namespace nlb::kernel
