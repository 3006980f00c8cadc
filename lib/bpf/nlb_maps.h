/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The tables of the packet core as BPF maps, shared by every kernel frame, and the values that only
 * frames and loaders know. Sizes of 1 are set by the loader.
 */
#ifndef NLB_BPF_MAPS_H
#define NLB_BPF_MAPS_H

#include "bpf/nlb_table_abi.h"

#include "l4/l4_work.h"

/* What pinned maps mean: a loader goes on with those of its own number only. Changes with every
 * struct of lib/l4 and of this file that lives in a map. */
#define NLB_MAPS_VERSION 6U

#define NLB_MOST_TARGETS 65536U
#define NLB_MOST_LISTENERS 4096U
#define NLB_MOST_GATEWAYS 64U
#define NLB_EVENT_BYTES (1U << 20U) /* of the ring buffer; a power of two, whole pages */

/* One cell, mapped into the loader's memory. */
struct nlb_state {
    nlb_u32 maps_version;
    nlb_u32 half;      /* which of the two sets of tables is in force */
    nlb_u32 hop_epoch; /* 1-65535; a cached next hop of another epoch is looked up again */
    nlb_u32 new_flows; /* guard: this many new flows a second on each CPU; 0: no guard */
    nlb_u64 told_ns;   /* the loader has told of every flow that ended before */
    nlb_u64 seed;      /* of the flow tables */
    nlb_u32 buckets;   /* of their indexes */
    nlb_u32 buckets6;
    nlb_u64 tick_ns;      /* between two ticks of the kernel's timer; 0: not known */
    nlb_u64 tick_zero_ns; /* when tick 0 would have been; the programs find out */
    nlb_u32 tells_closed; /* not 0: the loader wants to hear of closed flows at once */
    nlb_u32 zero;
    struct nlb_table flows;
    struct nlb_table flows6;
};

NLB_ASSERT_SIZE(struct nlb_state, 192);

/* A place of a ring. Values of maps that are mapped into memory are multiples of 8. */
struct nlb_slot {
    nlb_u32 target; /* index or NLB_NONE */
    nlb_u32 zero;
};

NLB_ASSERT_SIZE(struct nlb_slot, 8);

/* What the guard saw on one CPU. */
struct nlb_guard {
    nlb_u64 second;
    nlb_u64 flows; /* opened in it */
};

/* Totals of one listener and protocol on one CPU. */
struct nlb_listener_counters {
    nlb_u64 new_flows;
    nlb_u64 packets; /* forwarded, both ways */
    nlb_u64 bytes;   /* of them, IP headers included */
    nlb_u64 client_resets;
    nlb_u64 target_resets;
    nlb_u64 elb_resets;
    nlb_u64 port_errors;
    nlb_u64 rejected; /* packets that would have opened a flow */
};

NLB_ASSERT_SIZE(struct nlb_listener_counters, 64);

/* Where they are: TCP and UDP beside each other. */
NLB_INLINE nlb_u32 nlb_counters_place(nlb_u32 listener, nlb_u8 protocol) {
    return listener * 2U + (protocol == NLB_PROTOCOL_UDP);
}

/* What an index stands for: lines of text that the loader wrote and reads again. */
struct nlb_label {
    char text[1024];
};

#define NLB_ANSWER_BYTES 1514U /* of a frame that userspace sends */

/* Records of the ring buffer. Kinds below NLB_EVENT_NO_NEIGHBOR are the core's. */
#define NLB_EVENT_NO_NEIGHBOR 100U
#define NLB_EVENT_ANSWER 101U

struct nlb_flow_event {
    nlb_u32 kind; /* enum nlb_event_kind */
    nlb_u32 zero;
    struct nlb_pair ends;
    struct nlb_flow flow; /* of the client's direction */
};

struct nlb_neighbor_event {
    nlb_u32 kind; /* NLB_EVENT_NO_NEIGHBOR */
    nlb_u32 ifindex;
    nlb_u32 address_be[4];
    nlb_u32 family; /* 4 or 6 */
    nlb_u32 zero;
};

struct nlb_answer_event {
    nlb_u32 kind; /* NLB_EVENT_ANSWER */
    nlb_u32 ifindex;
    nlb_u32 length;
    nlb_u32 zero;
    nlb_u8 frame[NLB_ANSWER_BYTES];
    nlb_u8 zeros[6];
};

/* Test runs: time and MTU go in, what was decided comes out. */
struct nlb_test_cell {
    nlb_u64 now_ns;
    nlb_u32 mtu; /* of every next hop; 0: no limit */
    nlb_u32 zero;
    struct nlb_l4_desc desc;
    struct nlb_l4_verdict verdict;
};

/* Set before load. */
struct nlb_config {
    nlb_u32 testing; /* time and MTU come from nlb_test, and the verdict goes there */
};

/* How a packet leaves; the frames read it after the core has rewritten the packet. */
enum nlb_way {
    NLB_WAY_UP,       /* the host's stack routes it */
    NLB_WAY_HOP,      /* `hop` says everything */
    NLB_WAY_NEIGHBOR, /* `hop.ifindex` and `next_hop`: the link address is not known yet */
};

struct nlb_next_hop {
    nlb_u32 ifindex;
    nlb_u32 mtu;
    nlb_u8 destination[6]; /* link addresses */
    nlb_u8 source[6];
};

/* A next hop that flows remember by its place. */
struct nlb_known_hop {
    nlb_u32 epoch; /* the place is free unless it is nlb_state.hop_epoch */
    struct nlb_next_hop hop;
};

NLB_ASSERT_SIZE(struct nlb_known_hop, 24);

#define NLB_HOPS 4096U      /* places; a power of two */
#define NLB_HOP_PROBES 8U   /* places that a next hop may have */
#define NLB_HOP_BUSY 65536U /* beside the epoch: somebody is writing */

struct nlb_scratch {
    struct nlb_l4_work work;
    struct nlb_next_hop hop;
    nlb_u32 way; /* enum nlb_way */
    nlb_u32 next_hop_family;
    nlb_u32 next_hop_be[4];
};

#ifdef __bpf__

/* The second needs the types of the first. */
/* clang-format off */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
/* clang-format on */

#define NLB_MAP_WITH(name, kind, key_type, value_type, size, flags)                                \
    struct {                                                                                       \
        __uint(type, kind);                                                                        \
        __uint(max_entries, size);                                                                 \
        __uint(map_flags, flags);                                                                  \
        __type(key, key_type);                                                                     \
        __type(value, value_type);                                                                 \
    } name SEC(".maps")

#define NLB_MAP(name, kind, key_type, value_type, size)                                            \
    NLB_MAP_WITH(name, kind, key_type, value_type, size, 0)

/* Two of a kind: one is in force, the other is prepared. Inner maps get sizes, because clang 14
 * describes their types no further than by name. */
#define NLB_HALVES(name, kind, key_type, value_type, flags)                                        \
    struct {                                                                                       \
        __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                                                  \
        __uint(max_entries, 2);                                                                    \
        __type(key, nlb_u32);                                                                      \
        __array(                                                                                   \
            values, struct {                                                                       \
                __uint(type, kind);                                                                \
                __uint(max_entries, 1);                                                            \
                __uint(map_flags, flags);                                                          \
                __uint(key_size, sizeof(key_type));                                                \
                __uint(value_size, sizeof(value_type));                                            \
            });                                                                                    \
    } name SEC(".maps")

NLB_MAP_WITH(nlb_state, BPF_MAP_TYPE_ARRAY, nlb_u32, struct nlb_state, 1, BPF_F_MMAPABLE);
NLB_HALVES(nlb_listeners, BPF_MAP_TYPE_HASH, struct nlb_listener_key, struct nlb_listener, 0);
NLB_HALVES(nlb_nodes, BPF_MAP_TYPE_HASH, struct nlb_address, nlb_u32, 0);
NLB_HALVES(nlb_groups, BPF_MAP_TYPE_ARRAY, nlb_u32, struct nlb_group,
           BPF_F_INNER_MAP | BPF_F_MMAPABLE);
NLB_HALVES(nlb_slots, BPF_MAP_TYPE_ARRAY, nlb_u32, struct nlb_slot,
           BPF_F_INNER_MAP | BPF_F_MMAPABLE);
NLB_MAP(nlb_targets, BPF_MAP_TYPE_ARRAY, nlb_u32, struct nlb_target, NLB_MOST_TARGETS);
NLB_MAP(nlb_snat, BPF_MAP_TYPE_ARRAY, nlb_u32, nlb_u64, NLB_MOST_TARGETS);
NLB_MAP_WITH(nlb_index, BPF_MAP_TYPE_ARRAY, nlb_u32, struct nlb_bucket, 1, BPF_F_MMAPABLE);
NLB_MAP_WITH(nlb_index6, BPF_MAP_TYPE_ARRAY, nlb_u32, struct nlb_bucket, 1, BPF_F_MMAPABLE);
NLB_MAP_WITH(nlb_flows, BPF_MAP_TYPE_ARRAY, nlb_u32, struct nlb_entry4, 1, BPF_F_MMAPABLE);
NLB_MAP_WITH(nlb_flows6, BPF_MAP_TYPE_ARRAY, nlb_u32, struct nlb_entry6, 1, BPF_F_MMAPABLE);
NLB_MAP(nlb_fragments, BPF_MAP_TYPE_ARRAY, nlb_u32, struct nlb_fragment, NLB_FRAGMENT_SLOTS);
NLB_MAP(nlb_guard, BPF_MAP_TYPE_PERCPU_ARRAY, nlb_u32, struct nlb_guard, 1);
NLB_MAP(nlb_counters, BPF_MAP_TYPE_PERCPU_ARRAY, nlb_u32, nlb_u64, NLB_REASON_COUNT);
NLB_MAP(nlb_by_listener, BPF_MAP_TYPE_PERCPU_ARRAY, nlb_u32, struct nlb_listener_counters,
        NLB_MOST_LISTENERS * 2U);
NLB_MAP(nlb_lost_events, BPF_MAP_TYPE_PERCPU_ARRAY, nlb_u32, nlb_u64, 1);
NLB_MAP(nlb_gateways, BPF_MAP_TYPE_HASH, nlb_u32, nlb_u32, NLB_MOST_GATEWAYS);
/* What indexes stand for; no program reads them. */
NLB_MAP_WITH(nlb_target_ids, BPF_MAP_TYPE_HASH, nlb_u32, struct nlb_label, NLB_MOST_TARGETS,
             BPF_F_NO_PREALLOC);
NLB_MAP_WITH(nlb_listener_ids, BPF_MAP_TYPE_HASH, nlb_u32, struct nlb_label, NLB_MOST_LISTENERS,
             BPF_F_NO_PREALLOC);
NLB_MAP(nlb_hops, BPF_MAP_TYPE_ARRAY, nlb_u32, struct nlb_known_hop, NLB_HOPS);
NLB_MAP(nlb_scratch, BPF_MAP_TYPE_PERCPU_ARRAY, nlb_u32, struct nlb_scratch, 1);
/* Test runs may wander from CPU to CPU. */
NLB_MAP(nlb_test_guard, BPF_MAP_TYPE_ARRAY, nlb_u32, struct nlb_guard, 1);
NLB_MAP(nlb_test, BPF_MAP_TYPE_ARRAY, nlb_u32, struct nlb_test_cell, 1);

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, NLB_EVENT_BYTES);
} nlb_events SEC(".maps");

SEC(".rodata.config") const volatile struct nlb_config nlb_config = {0};

#endif

#endif
