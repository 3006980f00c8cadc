// SPDX-License-Identifier: Apache-2.0
// What the proxy counts, per listener, zone and target group. Each worker writes a block of its
// own without locks; whoever reads adds the blocks up. Names: nlb-forward(8), those of the guide
// where it has one [p.71].
#pragma once

#include "proxy/end.hpp"
#include "proxy/transport.hpp"

#include "base/check.hpp"
#include "contract/messages.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace nlb::proxy {

/// Of one listener.
enum class Count : std::uint8_t {
    ActiveFlow,
    NewFlow,
    ProcessedBytes,
    ClientReset,
    TargetReset,
    ElbReset,
    PortAllocationError,
    ConnectionLimitReached, ///< accepting stopped until a connection ends
    RejectedFlow,
    UnhealthyRoutingFlow
};

/// Of the process.
enum class ProcessCount : std::uint8_t {
    AcceptPaused,       ///< out of descriptors: accepting stopped for a while
    FlowRecordDropped,  ///< the reader of flow records was too slow
    SynSequenceMissing, ///< the kernel kept no SYN (SYN cookies): hashed with 0
    SpliceRefused,      ///< no pipe to be had: copied instead
    ClientAddressInUse, ///< by a socket of this host: the target saw the node's instead
    StrayDatagram       ///< of nobody who has a flow at the socket that it came to
};

/// Why a datagram was not passed on; the table of nlb-forward(8).
enum class DatagramDrop : std::uint8_t {
    NoTarget,
    TableFull,
    PortAllocation,
    NoResources,
    QueueFull,
    NotSent,
    TargetRefused,
    Draining,
    Hairpin
};

} // namespace nlb::proxy

namespace nlb {

template <>
struct EnumText<proxy::Count> {
    static constexpr std::array<std::string_view, 10> names{
        "ActiveFlowCount",          "NewFlowCount",
        "ProcessedBytes",           "TCP_Client_Reset_Count",
        "TCP_Target_Reset_Count",   "TCP_ELB_Reset_Count",
        "PortAllocationErrorCount", "ConnectionLimitReachedCount",
        "RejectedFlowCount",        "UnhealthyRoutingFlowCount"};
};

template <>
struct EnumText<proxy::ProcessCount> {
    static constexpr std::array<std::string_view, 6> names{
        "AcceptPausedCount",  "FlowRecordDroppedCount",  "SynSequenceMissingCount",
        "SpliceRefusedCount", "ClientAddressInUseCount", "StrayDatagramCount"};
};

template <>
struct EnumText<proxy::DatagramDrop> {
    static constexpr std::array<std::string_view, 9> names{
        "no-target", "table-full",     "port-allocation", "no-resources", "queue-full",
        "not-sent",  "target-refused", "draining",        "hairpin"};
};

} // namespace nlb

namespace nlb::proxy {

/// Counters with one writer: no locked instruction, yet readable by others at any time.
template <std::size_t N>
class alignas(64) CounterBlock {
  public:
    void add(std::size_t index, std::uint64_t amount = 1) {
        auto& cell = cells_[index];
        cell.store(cell.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }

    [[nodiscard]] std::uint64_t get(std::size_t index) const {
        return cells_[index].load(std::memory_order_relaxed);
    }

  private:
    std::array<std::atomic<std::uint64_t>, N> cells_{};
};

constexpr std::size_t kCounts = EnumText<Count>::names.size();
constexpr std::size_t kProcessCounts = EnumText<ProcessCount>::names.size();
constexpr std::size_t kDatagramDrops = EnumText<DatagramDrop>::names.size();

/// The Counts, then one cell for each End, then one for each DatagramDrop.
using ListenerBlock = CounterBlock<kCounts + kEnds + kDatagramDrops>;
using ProcessBlock = CounterBlock<kProcessCounts>;

/// A connection or UDP flow of the block's listener ended so.
void count_end(ListenerBlock& block, End why);

/// Counters of one listener and transport, a block per worker; they live as long as the process,
/// because totals only grow.
struct ListenerCounters {
    ListenerCounters(model::ListenerId id, std::string zone_name, model::TargetGroupId group_id,
                     Transport by, std::size_t workers)
        : listener(std::move(id)), zone(std::move(zone_name)), group(std::move(group_id)),
          transport(by), blocks(workers) {}

    model::ListenerId listener;
    std::string zone;
    model::TargetGroupId group;
    Transport transport;
    std::vector<ListenerBlock> blocks;

    /// One line for each counter, and one more with the transport in its name where the guide has
    /// such; those of the other transport, and ends and drops that never happened, are left out.
    void append_to(std::vector<contract::Counter>& lines) const;
};

void append_process_counters(const std::vector<const ProcessBlock*>& blocks,
                             std::vector<contract::Counter>& lines);

} // namespace nlb::proxy
