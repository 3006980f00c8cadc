/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The ports of the core that every kernel frame shares: a few lines over a map each.
 */
#ifndef NLB_BPF_PORTS_H
#define NLB_BPF_PORTS_H

#include "bpf/nlb_maps.h"

#include "l4/l4_core.h"

static const struct nlb_listener* nlb_port_listener(struct nlb_world* world,
                                                    const struct nlb_listener_key* key) {
    return bpf_map_lookup_elem(&nlb_listeners, key);
}

static const struct nlb_group* nlb_port_group(struct nlb_world* world, nlb_u32 index) {
    return bpf_map_lookup_elem(&nlb_groups, &index);
}

static nlb_u32 nlb_port_slot(struct nlb_world* world, nlb_u32 slot) {
    const nlb_u32* target = bpf_map_lookup_elem(&nlb_slots, &slot);
    return target ? *target : NLB_NONE;
}

static const struct nlb_target* nlb_port_target(struct nlb_world* world, nlb_u32 index) {
    return bpf_map_lookup_elem(&nlb_targets, &index);
}

static int nlb_port_is_node(struct nlb_world* world, const struct nlb_address* address) {
    return bpf_map_lookup_elem(&nlb_nodes, address) != 0;
}

NLB_INLINE struct nlb_flow* nlb_port_flow_get(struct nlb_world* world, const struct nlb_tuple* key,
                                              int v6) {
    struct nlb_flow_key key4;
    if (v6) return bpf_map_lookup_elem(&nlb_flows6, key);
    nlb_key4(key, &key4);
    return bpf_map_lookup_elem(&nlb_flows, &key4);
}

NLB_INLINE int nlb_port_flow_put(struct nlb_world* world, const struct nlb_tuple* key, int v6,
                                 const struct nlb_flow* flow) {
    struct nlb_flow_key key4;
    long error;
    nlb_key4(key, &key4);
    error = v6 ? bpf_map_update_elem(&nlb_flows6, key, flow, BPF_NOEXIST)
               : bpf_map_update_elem(&nlb_flows, &key4, flow, BPF_NOEXIST);
    if (error == 0) return NLB_PUT_DONE;
    return error == -17 /* EEXIST */ ? NLB_PUT_EXISTS : NLB_PUT_FULL;
}

NLB_INLINE void nlb_port_flow_del(struct nlb_world* world, const struct nlb_tuple* key, int v6) {
    struct nlb_flow_key key4;
    nlb_key4(key, &key4);
    if (v6)
        bpf_map_delete_elem(&nlb_flows6, key);
    else
        bpf_map_delete_elem(&nlb_flows, &key4);
}

static struct nlb_fragment* nlb_port_fragment(struct nlb_world* world, nlb_u32 slot) {
    return bpf_map_lookup_elem(&nlb_fragments, &slot);
}

static nlb_u64* nlb_port_exhausted(struct nlb_world* world, nlb_u32 target) {
    return bpf_map_lookup_elem(&nlb_exhausted, &target);
}

struct nlb_tries {
    struct nlb_world* world;
    struct nlb_l4_work* work;
};

static long nlb_try_next4(nlb_u32 index, void* context) {
    struct nlb_tries* tries = context;
    return nlb_try_port4(tries->world, tries->work);
}

static long nlb_try_next6(nlb_u32 index, void* context) {
    struct nlb_tries* tries = context;
    return nlb_try_port6(tries->world, tries->work);
}

NLB_INLINE void nlb_port_try_ports(struct nlb_world* world, nlb_u32 probes,
                                   struct nlb_l4_work* work, int v6) {
    struct nlb_tries tries = {world, work};
    bpf_loop(probes, v6 ? nlb_try_next6 : nlb_try_next4, &tries, 0);
}

static int nlb_port_guard(struct nlb_world* world, nlb_u64 now_ns) {
    const nlb_u32 zero = 0;
    const nlb_u64 second = now_ns / 1000000000U;
    struct nlb_guard* guard = bpf_map_lookup_elem(&nlb_guard, &zero);
    const struct nlb_test_cell* test = bpf_map_lookup_elem(&nlb_test, &zero);
    if (!guard || !test || test->new_flows_per_second == 0) return 0;
    if (second != guard->second) guard->opened = 0;
    guard->second = second;
    guard->opened += 1;
    return guard->opened > test->new_flows_per_second;
}

static int nlb_port_host_socket(struct nlb_world* world, const struct nlb_l4_desc* desc) {
    return 0; /* test runs only */
}

static int nlb_port_from_gateway(struct nlb_world* world) {
    return 0;
}

static nlb_u32 nlb_port_too_big(struct nlb_world* world, const struct nlb_l4_work* work,
                                struct nlb_flow* flow) {
    const nlb_u32 zero = 0;
    const struct nlb_test_cell* test = bpf_map_lookup_elem(&nlb_test, &zero);
    return test && test->mtu != 0 && work->desc.length > test->mtu ? test->mtu : 0;
}

NLB_INLINE void nlb_port_event(struct nlb_world* world, enum nlb_event_kind kind,
                               const struct nlb_pair* ends, const struct nlb_flow* flow) {
}

NLB_INLINE void nlb_port_ask(struct nlb_world* world, enum nlb_l4_question question,
                             nlb_u64 answer) {
}

static void nlb_port_count(struct nlb_world* world, const struct nlb_l4_work* work) {
    const nlb_u32 reason = work->verdict.reason;
    nlb_u64* counter = bpf_map_lookup_elem(&nlb_counters, &reason);
    if (counter) *counter += 1;
}

#endif
