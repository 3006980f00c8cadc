// SPDX-License-Identifier: Apache-2.0
// flow::Tables into the kernel's maps, and out of them what the programs counted. Listeners,
// groups, slots and node addresses exist twice and are swapped whole; targets keep their index.
#pragma once

#include "bpf/nlb_maps.h"

#include "io/fd.hpp"
#include "io/mapping.hpp"

#include "flow/user_engine.hpp"

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

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
    /// written before the swap; those that are gone or whose flows are reset after it, some 10 ms
    /// later, when no packet is decided with the old ones any more. Errors: System, and then the
    /// old tables are in force; Data, when there are more targets or listeners than the maps take.
    Result<void> write(const flow::Tables& tables);

    /// What the kernel holds, index by index.
    [[nodiscard]] std::span<const nlb_target> targets() const { return written_; }

    /// The cell the programs read with every packet.
    [[nodiscard]] nlb_state& state() { return state_.values()[0]; }

    /// Packets by reason.
    [[nodiscard]] Result<flow::Counters> counters() const;

    /// Totals of one listener and protocol (NLB_PROTOCOL_...), of all CPUs.
    [[nodiscard]] Result<nlb_listener_counters> counters(std::uint32_t listener,
                                                         std::uint8_t protocol) const;

  private:
    /// What one half holds. Maps that are put into it anew make the kernel wait for its readers, as
    /// long as write() does, so whatever can stay stays.
    struct Half {
        std::optional<std::string> listeners; // keys and values, byte by byte
        std::optional<std::string> nodes;
        Mapping<nlb_group> groups;
        Mapping<nlb_slot> slots;
    };

    BpfTables(MapSet maps, Mapping<nlb_state> state, std::size_t cpus)
        : maps_(std::move(maps)), state_(std::move(state)), cpus_(cpus) {}

    Result<void> read_targets();
    Result<void> write_half(const flow::Tables& tables, std::uint32_t half);
    Result<void> add_targets(std::span<const flow::TargetEntry> targets);
    Result<void> change_targets(std::span<const flow::TargetEntry> targets);
    Result<void> put_target(std::uint32_t index, const nlb_target& target);

    MapSet maps_;
    Mapping<nlb_state> state_; // one cell
    std::size_t cpus_;
    std::vector<nlb_target> written_;
    std::array<Half, 2> halves_;
};

} // namespace nlb::io
