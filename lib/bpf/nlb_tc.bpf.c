/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The packet core at TC ingress. Forwarded packets go on into the host's IP stack, which routes
 * them; resets leave where their cause came in.
 */
#include "bpf/nlb_maps.h"

#include <linux/pkt_cls.h>

#define nlb_world __sk_buff /* the world of a port is the packet; maps are global */
#include "bpf/nlb_ports.h"

/* Set before load: time comes from nlb_test, and the verdict goes there. */
const volatile nlb_u32 nlb_testing = 0;

static nlb_u8* nlb_port_begin(struct nlb_world* world) {
    return (nlb_u8*)(long)world->data;
}

static nlb_u8* nlb_port_end(struct nlb_world* world) {
    return (nlb_u8*)(long)world->data_end;
}

/* Headers may lie outside the linear part of the packet. */
static int nlb_port_pull(struct nlb_world* world) {
    const nlb_u32 length = world->len;
    const nlb_u32 linear = world->data_end - world->data;
    const nlb_u32 wanted = length < NLB_LONGEST_HEADERS ? length : NLB_LONGEST_HEADERS;
    return linear < wanted && bpf_skb_pull_data(world, wanted) == 0;
}

static nlb_u32 nlb_port_resize(struct nlb_world* world, nlb_u32 length) {
    return bpf_skb_change_tail(world, length, 0) != 0 || bpf_skb_pull_data(world, length) != 0;
}

/* Two steps, because of a packet whose checksum the kernel completes later only the sum of the
 * pseudo-header is in the field. */
static nlb_u32 nlb_port_l4_csum(struct nlb_world* world, nlb_u32 offset, nlb_u8 protocol,
                                nlb_u32 address_sum, nlb_u32 other_sum) {
    const nlb_u64 flags = protocol == NLB_PROTOCOL_UDP ? BPF_F_MARK_MANGLED_0 : 0;
    return bpf_l4_csum_replace(world, offset, 0, address_sum, flags | BPF_F_PSEUDO_HDR) != 0 ||
           bpf_l4_csum_replace(world, offset, 0, other_sum, flags) != 0;
}

static nlb_u64 now_ns(const struct nlb_test_cell* test) {
    return test ? test->now_ns : bpf_ktime_get_coarse_ns();
}

static int tc_action(struct nlb_world* world, nlb_u8 action) {
    if (action == NLB_DROP) return TC_ACT_SHOT;
    if (action == NLB_RESET || action == NLB_ICMP) return (int)bpf_redirect(world->ifindex, 0);
    return TC_ACT_OK;
}

SEC("tc")

int nlb_tc(struct __sk_buff* world) {
    const nlb_u32 zero = 0;
    struct nlb_l4_work* work = bpf_map_lookup_elem(&nlb_scratch, &zero);
    struct nlb_test_cell* test = 0;
    if (!work) return TC_ACT_SHOT;
    if (nlb_testing) {
        test = bpf_map_lookup_elem(&nlb_test, &zero);
        if (!test) return TC_ACT_SHOT;
    }
    nlb_l4_packet(world, now_ns(test), work);
    if (test) {
        test->desc = work->desc;
        test->verdict = work->verdict;
    }
    return tc_action(world, work->verdict.action);
}

char nlb_license[] SEC("license") = "GPL";
