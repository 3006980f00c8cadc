// SPDX-License-Identifier: Apache-2.0
// flow::Tables into the kernel's maps, and out of them what the programs counted. Listeners,
// groups, slots and node addresses exist twice and are swapped whole; targets keep their index.
#pragma once

#include "io/fd.hpp"

#include "flow/user_engine.hpp"

#include <functional>
#include <memory>
#include <span>
#include <vector>

struct nlb_state;
struct nlb_listener_counters;

namespace nlb::io {

/// Descriptors of the maps; the owner of the maps keeps them open for longer than these.
struct MapSet {
    std::function<int(const std::string& name)> fd;
};

class BpfTables {
  public:
    /// Maps the state cell into memory and reads the targets that are there. Errors: System.
    static Result<BpfTables> open(MapSet maps);

    /// Swaps to `tables`: every packet sees the old ones or the new ones. Targets that are new are
    /// written before the swap, what ends is written after it. Errors: System, and then the old
    /// tables are in force; Data, when there are more targets or listeners than the maps take.
    Result<void> write(const flow::Tables& tables);

    /// What the kernel holds, index by index.
    [[nodiscard]] std::span<const nlb_target> targets() const { return written_; }

    /// The cell the programs read with every packet.
    [[nodiscard]] nlb_state& state() { return *state_; }

    /// Packets by reason.
    [[nodiscard]] Result<flow::Counters> counters() const;

    /// Totals of one listener, of all CPUs.
    [[nodiscard]] Result<nlb_listener_counters> counters(std::uint32_t listener) const;

  private:
    struct Unmap {
        void operator()(nlb_state* state) const;
    };

    BpfTables(MapSet maps, std::unique_ptr<nlb_state, Unmap> state, std::size_t cpus)
        : maps_(std::move(maps)), state_(std::move(state)), cpus_(cpus) {}

    Result<void> read_targets();
    Result<void> write_half(const flow::Tables& tables, std::uint32_t half);
    Result<void> write_targets(const flow::Tables& tables, bool are_new);

    MapSet maps_;
    std::unique_ptr<nlb_state, Unmap> state_;
    std::size_t cpus_;
    std::vector<nlb_target> written_;
};

} // namespace nlb::io
