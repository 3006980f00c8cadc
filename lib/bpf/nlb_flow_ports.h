/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The ports of the core to the flow tables. Of IPv4 the look at the near bucket is inlined: that
 * is the whole search for nearly every packet.
 */
#ifndef NLB_BPF_FLOW_PORTS_H
#define NLB_BPF_FLOW_PORTS_H

#include "bpf/nlb_maps.h"
#include "bpf/nlb_table.h"

struct nlb_memory {
    struct nlb_state state;
};

NLB_INLINE struct nlb_memory* nlb_memory_of(struct nlb_world* world) {
    return (struct nlb_memory*)world->state;
}

NLB_INLINE struct nlb_table* nlb_memory_table(struct nlb_memory* memory, int v6) {
    return v6 ? &memory->state.flows6 : &memory->state.flows;
}

NLB_INLINE nlb_u32 nlb_memory_buckets(struct nlb_memory* memory, int v6) {
    return v6 ? memory->state.buckets6 : memory->state.buckets;
}

NLB_INLINE nlb_u64 nlb_memory_seed(struct nlb_memory* memory) {
    return memory->state.seed;
}

NLB_INLINE struct nlb_bucket* nlb_memory_bucket(struct nlb_memory* memory, nlb_u32 number, int v6) {
    return v6 ? bpf_map_lookup_elem(&nlb_index6, &number)
              : bpf_map_lookup_elem(&nlb_index, &number);
}

NLB_INLINE void* nlb_memory_entry(struct nlb_memory* memory, nlb_u32 number, int v6) {
    return v6 ? bpf_map_lookup_elem(&nlb_flows6, &number)
              : bpf_map_lookup_elem(&nlb_flows, &number);
}

NLB_NOINLINE void* nlb_far4(struct nlb_world* world, nlb_u32 first, nlb_u32 second, nlb_u32 tag,
                            const struct nlb_tuple* key) {
    struct nlb_memory* memory = nlb_memory_of(world);
    void* entry = nlb_table_look(memory, first, tag, key, 0);
    return entry ? entry : nlb_table_look(memory, second, tag, key, 0);
}

NLB_NOINLINE void* nlb_find6(struct nlb_world* world, const struct nlb_tuple* key) {
    return nlb_table_find(nlb_memory_of(world), key, 1);
}

NLB_INLINE void* nlb_find4(struct nlb_world* world, const struct nlb_tuple* key) {
    struct nlb_memory* memory = nlb_memory_of(world);
    const struct nlb_place place = nlb_place_of(memory, key, 0);
    void* entry = nlb_table_look(memory, place.near, place.tag, key, 0);
    return entry ? entry : nlb_far4(world, place.first, place.second, place.tag, key);
}

NLB_INLINE struct nlb_flow* nlb_port_flow_get(struct nlb_world* world, const struct nlb_tuple* key,
                                              int v6) {
    void* entry = v6 ? nlb_find6(world, key) : nlb_find4(world, key);
    return entry ? nlb_entry_flow(entry, v6) : 0;
}

NLB_NOINLINE int nlb_put4(struct nlb_world* world, const struct nlb_tuple* key,
                          const struct nlb_flow* flow) {
    return nlb_table_put(nlb_memory_of(world), key, flow, 0);
}

NLB_NOINLINE int nlb_put6(struct nlb_world* world, const struct nlb_tuple* key,
                          const struct nlb_flow* flow) {
    return nlb_table_put(nlb_memory_of(world), key, flow, 1);
}

NLB_INLINE int nlb_port_flow_put(struct nlb_world* world, const struct nlb_tuple* key, int v6,
                                 const struct nlb_flow* flow) {
    return v6 ? nlb_put6(world, key, flow) : nlb_put4(world, key, flow);
}

NLB_NOINLINE void nlb_del4(struct nlb_world* world, const struct nlb_tuple* key) {
    nlb_table_del(nlb_memory_of(world), key, 0);
}

NLB_NOINLINE void nlb_del6(struct nlb_world* world, const struct nlb_tuple* key) {
    nlb_table_del(nlb_memory_of(world), key, 1);
}

NLB_INLINE void nlb_port_flow_del(struct nlb_world* world, const struct nlb_tuple* key, int v6) {
    if (v6)
        nlb_del6(world, key);
    else
        nlb_del4(world, key);
}

#endif
