/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The tables of the packet core as BPF maps, shared by every kernel frame. Sizes of 1 are set by
 * the loader from the tables it fills in.
 */
#ifndef NLB_BPF_MAPS_H
#define NLB_BPF_MAPS_H

#include "l4/l4_abi.h"

/* Test runs: time goes in, what was decided comes out. */
struct nlb_test_cell {
    nlb_u64 now_ns;
    nlb_u32 mtu;                  /* of every way out; 0: everything fits */
    nlb_u32 new_flows_per_second; /* above it no flow is opened; 0: no guard */
    struct nlb_l4_desc desc;
    struct nlb_l4_verdict verdict;
};

/* What the guard saw. */
struct nlb_guard {
    nlb_u64 second;
    nlb_u64 opened;
};

#ifdef __bpf__

/* The second needs the types of the first. */
/* clang-format off */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
/* clang-format on */

#define NLB_MAP(name, kind, key_type, value_type, size)                                            \
    struct {                                                                                       \
        __uint(type, kind);                                                                        \
        __uint(max_entries, size);                                                                 \
        __type(key, key_type);                                                                     \
        __type(value, value_type);                                                                 \
    } name SEC(".maps")

NLB_MAP(nlb_listeners, BPF_MAP_TYPE_HASH, struct nlb_listener_key, struct nlb_listener, 1);
NLB_MAP(nlb_groups, BPF_MAP_TYPE_ARRAY, nlb_u32, struct nlb_group, 1);
NLB_MAP(nlb_slots, BPF_MAP_TYPE_ARRAY, nlb_u32, nlb_u32, 1);
NLB_MAP(nlb_targets, BPF_MAP_TYPE_ARRAY, nlb_u32, struct nlb_target, 1);
NLB_MAP(nlb_nodes, BPF_MAP_TYPE_HASH, struct nlb_address, nlb_u32, 1);
/* Not LRU: that evicts live flows and splits the two directions. */
NLB_MAP(nlb_flows, BPF_MAP_TYPE_HASH, struct nlb_flow_key, struct nlb_flow4, 1);
NLB_MAP(nlb_flows6, BPF_MAP_TYPE_HASH, struct nlb_tuple, struct nlb_flow6, 1);
NLB_MAP(nlb_fragments, BPF_MAP_TYPE_ARRAY, nlb_u32, struct nlb_fragment, NLB_FRAGMENT_SLOTS);
NLB_MAP(nlb_exhausted, BPF_MAP_TYPE_ARRAY, nlb_u32, nlb_u64, 1);
NLB_MAP(nlb_guard, BPF_MAP_TYPE_ARRAY, nlb_u32, struct nlb_guard, 1);
NLB_MAP(nlb_counters, BPF_MAP_TYPE_PERCPU_ARRAY, nlb_u32, nlb_u64, NLB_REASON_COUNT);
NLB_MAP(nlb_scratch, BPF_MAP_TYPE_PERCPU_ARRAY, nlb_u32, struct nlb_l4_work, 1);
NLB_MAP(nlb_test, BPF_MAP_TYPE_ARRAY, nlb_u32, struct nlb_test_cell, 1);

#endif

#endif
