// SPDX-License-Identifier: Apache-2.0
#include "kernel/flow_scan.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace nlb::kernel {

namespace {

constexpr std::uint32_t kPortion = 512; ///< entries of one system call

nlb_tuple tuple_of(const nlb_flow_key& key) {
    nlb_tuple tuple{};
    tuple.source_be[0] = key.source_be;
    tuple.destination_be[0] = key.destination_be;
    tuple.source_port_be = key.source_port_be;
    tuple.destination_port_be = key.destination_port_be;
    tuple.protocol = key.protocol;
    tuple.family = 4;
    return tuple;
}

nlb_flow_key key_of(const nlb_tuple& tuple) {
    nlb_flow_key key{};
    key.source_be = tuple.source_be[0];
    key.destination_be = tuple.destination_be[0];
    key.source_port_be = tuple.source_port_be;
    key.destination_port_be = tuple.destination_port_be;
    key.protocol = tuple.protocol;
    return key;
}

/// What packets of the entry's direction become.
template <class Value>
FlowEntry entry_of(const nlb_tuple& key, const Value& value) {
    FlowEntry entry{key, key, value.flow};
    std::memcpy(entry.becomes.source_be, &value.source_be, sizeof value.source_be);
    std::memcpy(entry.becomes.destination_be, &value.destination_be, sizeof value.destination_be);
    entry.becomes.source_port_be = value.flow.source_port_be;
    entry.becomes.destination_port_be = value.flow.destination_port_be;
    return entry;
}

const nlb_tuple& tuple_of(const nlb_tuple& key) {
    return key;
}

} // namespace

template <class Key, class Value>
Result<void> FlowScan::read(int map) {
    keys_.resize(kPortion * sizeof(Key));
    values_.resize(kPortion * sizeof(Value));
    std::uint32_t count = kPortion;
    std::uint32_t next = 0;
    const int rc = bpf_map_lookup_batch(map, position_ ? &*position_ : nullptr, &next, keys_.data(),
                                        values_.data(), &count, nullptr);
    if (rc != 0 && errno != ENOENT) return io::sys_error("read a BPF map of flows");
    if (rc != 0) {
        position_.reset();
        is_at_end_ = is_v6_;
        is_v6_ = !is_v6_;
    } else {
        position_ = next;
    }
    entries_.clear();
    for (std::uint32_t i = 0; i < count; ++i) {
        Key key;
        Value value;
        std::memcpy(&key, keys_.data() + i * sizeof key, sizeof key);
        std::memcpy(&value, values_.data() + i * sizeof value, sizeof value);
        entries_.push_back(entry_of(tuple_of(key), value));
    }
    return {};
}

Result<std::span<const FlowEntry>> FlowScan::next() {
    while (!std::exchange(is_at_end_, false)) {
        auto done = is_v6_ ? read<nlb_tuple, nlb_flow6>(maps_.fd("nlb_flows6"))
                           : read<nlb_flow_key, nlb_flow4>(maps_.fd("nlb_flows"));
        if (!done) return tl::unexpected<Error>(done.error());
        if (!entries_.empty()) return entries_;
    }
    return std::span<const FlowEntry>{};
}

std::optional<FlowEntry> find_entry(const io::MapSet& maps, const nlb_tuple& key) {
    if (key.family == 4) {
        const nlb_flow_key key4 = key_of(key);
        nlb_flow4 value{};
        if (bpf_map_lookup_elem(maps.fd("nlb_flows"), &key4, &value) != 0) return std::nullopt;
        return entry_of(key, value);
    }
    nlb_flow6 value{};
    if (bpf_map_lookup_elem(maps.fd("nlb_flows6"), &key, &value) != 0) return std::nullopt;
    return entry_of(key, value);
}

void remove_entry(const io::MapSet& maps, const nlb_tuple& key) {
    if (key.family == 4) {
        const nlb_flow_key key4 = key_of(key);
        bpf_map_delete_elem(maps.fd("nlb_flows"), &key4);
    } else {
        bpf_map_delete_elem(maps.fd("nlb_flows6"), &key);
    }
}

nlb_tuple other_key(const FlowEntry& entry) {
    nlb_tuple key = entry.becomes;
    std::swap(key.source_be, key.destination_be);
    std::swap(key.source_port_be, key.destination_port_be);
    return key;
}

} // namespace nlb::kernel
