// SPDX-License-Identifier: Apache-2.0
// The kernel's flow tables, mapped into memory: they are read and cleared without system calls,
// beside the programs that use them (bpf/nlb_table.h says how).
#pragma once

#include "io/bpf_tables.hpp"

#include <cstddef>
#include <memory>
#include <optional>

struct nlb_memory;

namespace nlb::io {

/// One direction of a flow, as it was read.
struct FlowEntry {
    nlb_tuple key{};
    nlb_tuple becomes{}; ///< what its packets become
    nlb_flow flow{};

    /// The key of the other direction's entry.
    [[nodiscard]] nlb_tuple other_key() const;
};

/// Buckets that the index of a table of so many entries has.
std::size_t flow_buckets(std::size_t entries);

/// Of new programs with flow tables of `most` entries each, before they see their first packet.
void begin_state(nlb_state& state, std::size_t most);

class FlowMaps {
  public:
    /// The tables must have begun. Errors: System.
    static Result<FlowMaps> open(const MapSet& maps);

    /// Tables of `most` entries that no program uses, for tests. Errors: System.
    static Result<FlowMaps> make(std::size_t most);

    ~FlowMaps();
    FlowMaps(FlowMaps&&) noexcept;
    FlowMaps& operator=(FlowMaps&&) noexcept;
    FlowMaps(const FlowMaps&) = delete;
    FlowMaps& operator=(const FlowMaps&) = delete;

    /// The value under `key` where it is, or a null pointer. The programs may remove it and give
    /// its place to another at any time.
    [[nodiscard]] nlb_flow* find_in_place(const nlb_tuple& key) const;

    /// A copy of the entry under `key`, if there is one.
    [[nodiscard]] std::optional<FlowEntry> find(const nlb_tuple& key) const;

    /// NLB_PUT_...: what became of it.
    int put(const FlowEntry& entry);

    /// An entry that is not there is no error.
    void remove(const nlb_tuple& key);

    /// Entries of both tables that were ever used.
    [[nodiscard]] std::size_t size() const;

    /// A copy of entry `number`, below size(), if it is in use. Those of IPv4 come first; when
    /// their number grows, the others move on.
    [[nodiscard]] std::optional<FlowEntry> read(std::size_t number) const;

  private:
    explicit FlowMaps(std::unique_ptr<nlb_memory> memory);

    std::unique_ptr<nlb_memory> memory_;
};

} // namespace nlb::io
