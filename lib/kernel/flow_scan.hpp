// SPDX-License-Identifier: Apache-2.0
// The kernel's flow tables, read in portions. Flows that come and go meanwhile may be seen or not;
// one that stays is seen once, unless the table changes under the reader, when it may be twice.
#pragma once

#include "io/bpf_tables.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace nlb::kernel {

/// One direction of a flow.
struct FlowEntry {
    nlb_tuple key{};
    nlb_tuple becomes{};
    nlb_flow flow{};
};

class FlowScan {
  public:
    explicit FlowScan(io::MapSet maps) : maps_(std::move(maps)) {}

    /// The next few hundred entries, until the next call; at the end of both tables none, and then
    /// from the beginning. Errors: System.
    Result<std::span<const FlowEntry>> next();

  private:
    template <class Key, class Value>
    Result<void> read(int map);

    io::MapSet maps_;
    std::vector<std::byte> keys_;
    std::vector<std::byte> values_;
    std::vector<FlowEntry> entries_;
    bool is_v6_ = false;
    bool is_at_end_ = false;
    std::optional<std::uint32_t> position_; // a bucket; none: at the beginning
};

/// The entry under `key`, if there is one.
std::optional<FlowEntry> find_entry(const io::MapSet& maps, const nlb_tuple& key);

/// An entry that is not there is no error.
void remove_entry(const io::MapSet& maps, const nlb_tuple& key);

/// The key of the other direction's entry.
nlb_tuple other_key(const FlowEntry& entry);

} // namespace nlb::kernel
