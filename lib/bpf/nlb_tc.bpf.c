/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The packet core at TC ingress. Forwarded packets go on into the host's IP stack, which routes
 * them; resets leave where their cause came in.
 */
#include "bpf/nlb_maps.h"

#include <linux/pkt_cls.h>

#define nlb_world __sk_buff /* the world of a port is the packet; maps are global */
#include "l4/l4_core.h"

/* Set before load: time comes from nlb_test, and the verdict goes there. */
const volatile nlb_u32 nlb_testing = 0;

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

static int nlb_port_is_node(struct nlb_world* world, nlb_u32 address_be) {
    return bpf_map_lookup_elem(&nlb_nodes, &address_be) != 0;
}

static struct nlb_flow* nlb_port_flow_get(struct nlb_world* world, const struct nlb_flow_key* key) {
    return bpf_map_lookup_elem(&nlb_flows, key);
}

static int nlb_port_flow_put(struct nlb_world* world, const struct nlb_flow_key* key,
                             const struct nlb_flow* flow) {
    const long error = bpf_map_update_elem(&nlb_flows, key, flow, BPF_NOEXIST);
    if (error == 0) return NLB_PUT_DONE;
    return error == -17 /* EEXIST */ ? NLB_PUT_EXISTS : NLB_PUT_FULL;
}

static void nlb_port_flow_del(struct nlb_world* world, const struct nlb_flow_key* key) {
    bpf_map_delete_elem(&nlb_flows, key);
}

static nlb_u8* nlb_port_begin(struct nlb_world* world) {
    return (nlb_u8*)(long)world->data;
}

static nlb_u8* nlb_port_end(struct nlb_world* world) {
    return (nlb_u8*)(long)world->data_end;
}

/* Headers may lie outside the linear part of the packet, and must be writable. */
static long pull_headers(struct nlb_world* world) {
    const nlb_u32 length = world->len;
    return bpf_skb_pull_data(world, length < NLB_LONGEST_HEADERS ? length : NLB_LONGEST_HEADERS);
}

static nlb_u32 nlb_port_resize(struct nlb_world* world, nlb_u32 length) {
    return bpf_skb_change_tail(world, length, 0) != 0 || pull_headers(world) != 0;
}

/* Two steps, because of a packet whose checksum the kernel completes later only the sum of the
 * pseudo-header is in the field. */
static nlb_u32 nlb_port_l4_csum(struct nlb_world* world, nlb_u32 offset, nlb_u32 address_sum,
                                nlb_u32 other_sum) {
    return bpf_l4_csum_replace(world, offset, 0, address_sum, BPF_F_PSEUDO_HDR) != 0 ||
           bpf_l4_csum_replace(world, offset, 0, other_sum, 0) != 0;
}

static void nlb_port_count(struct nlb_world* world, nlb_u32 reason) {
    nlb_u64* counter = bpf_map_lookup_elem(&nlb_counters, &reason);
    if (counter) *counter += 1;
}

static nlb_u64 now_ns(const struct nlb_test_cell* test) {
    return test ? test->now_ns : bpf_ktime_get_coarse_ns();
}

static int tc_action(struct nlb_world* world, nlb_u8 action) {
    if (action == NLB_DROP) return TC_ACT_SHOT;
    if (action == NLB_RESET) return (int)bpf_redirect(world->ifindex, 0);
    return TC_ACT_OK;
}

SEC("tc")

int nlb_tc(struct __sk_buff* world) {
    const nlb_u32 zero = 0;
    struct nlb_scratch* scratch = bpf_map_lookup_elem(&nlb_scratch, &zero);
    struct nlb_test_cell* test = 0;
    if (!scratch || pull_headers(world) != 0) return TC_ACT_SHOT;
    if (nlb_testing) {
        test = bpf_map_lookup_elem(&nlb_test, &zero);
        if (!test) return TC_ACT_SHOT;
    }
    nlb_l4_packet(world, now_ns(test), &scratch->desc, &scratch->verdict);
    if (test) {
        test->desc = scratch->desc;
        test->verdict = scratch->verdict;
    }
    return tc_action(world, scratch->verdict.action);
}

char nlb_license[] SEC("license") = "GPL";
