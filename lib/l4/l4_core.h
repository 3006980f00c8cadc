/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The whole walk of a frame, and the list of ports. The including file says what `struct nlb_world`
 * is and defines the ports as static functions; binding is static, because BPF has no useful
 * function pointers. `v6` of a port is a constant where the caller is inlined.
 *
 *   listener(world, key), group(world, index), target(world, index)   the entry or a null pointer
 *   slot(world, n)             target index in slot n, NLB_NONE when there is none
 *   is_node(world, address)    not 0 when the node answers for the address
 *   flow_get(world, key, v6)   the value in place, valid until the key is deleted: the head of a
 *       nlb_flow4 or nlb_flow6
 *   flow_put(world, key, v6, flow)  copies the nlb_flow4 or nlb_flow6 that begins with `flow`;
 *       NLB_PUT_EXISTS and no change when the key is there
 *   flow_del(world, key, v6)   a key that is not there is no error
 *   fragment(world, slot)      a slot of the table of datagrams, in place; slot < FRAGMENT_SLOTS
 *   exhausted(world, target)   when the target last had no source port, in place; 0: never
 *   try_ports(world, n, work, v6)   calls nlb_try_port4 or 6 up to n times, until it says 1
 *   guard(world, now)          counts a new flow; not 0 when this second has had too many
 *   host_socket(world, desc)   not 0 when a connected socket of the host has the packet's ends
 *   from_gateway(world)        not 0 when the frame came through an internet gateway
 *   too_big(world, work, flow) the MTU of the way out when the packet does not fit it, otherwise 0;
 *       `flow` is the value of its direction, where the way may be kept, or a null pointer
 *   event(world, kind, ends, flow)  something happened to a flow
 *   ask(world, question, answer)    what was asked, for --explain
 *   begin(world), end(world)   the frame's bytes, writable; asked for again after resize
 *   pull(world)                not 0 when more bytes are between begin and end than before
 *   resize(world, length)      cuts the frame; not 0: could not
 *   l4_csum(world, offset, protocol, address_sum, other_sum)  the checksum at `offset` follows a
 *       change of the pseudo-header and then of the bytes under it; a UDP checksum of 0 stays, and
 *       none becomes 0; not 0: could not. Voids begin and end.
 *   count(world, work)         one more packet with that verdict
 */
#ifndef NLB_L4_CORE_H
#define NLB_L4_CORE_H

#include "l4_answer.h"
#include "l4_decide.h"
#include "l4_fragment.h"
#include "l4_tuple.h"

NLB_C_TEXT_BEGIN

static nlb_u32 nlb_port_too_big(struct nlb_world* world, const struct nlb_l4_work* work,
                                struct nlb_flow* flow);
static void nlb_port_count(struct nlb_world* world, const struct nlb_l4_work* work);

NLB_NOINLINE enum nlb_l4_parsed nlb_parse_again(struct nlb_world* world, struct nlb_l4_desc* desc) {
    return nlb_l4_parse(nlb_port_begin(world), nlb_port_end(world), desc);
}

NLB_INLINE enum nlb_l4_parsed nlb_parse(struct nlb_world* world, struct nlb_l4_desc* desc) {
    enum nlb_l4_parsed parsed = nlb_l4_parse(nlb_port_begin(world), nlb_port_end(world), desc);
    if ((parsed == NLB_PARSED_SHORT || parsed == NLB_PARSED_BAD_TRANSPORT) && nlb_port_pull(world))
        parsed = nlb_parse_again(world, desc);
    nlb_port_ask(world, NLB_ASK_PARSED, parsed);
    return parsed;
}

/* The error comes from the address that the packet's sender knows the balancer by; an error is
 * never answered with another [RFC 1122 3.2.2]. */
NLB_INLINE void nlb_refuse_too_big(struct nlb_l4_work* work, nlb_u32 mtu) {
    struct nlb_tuple* ends = &work->verdict.becomes;
    const int is_reply = work->verdict.reason == NLB_REASON_REPLY;
    const nlb_u32 unanswered = NLB_DESC_LATER_FRAGMENT | NLB_DESC_ICMP_ERROR;
    if ((work->desc.flags & NLB_DESC_MAY_NOT_SPLIT) == 0) return;
    if ((work->desc.flags & unanswered) != 0) return;
    if (!is_reply) nlb_copy_address(work->desc.key.destination_be, ends->source_be, 1);
    nlb_copy_address(work->desc.key.source_be, ends->destination_be, 1);
    ends->source_port_be = 0;
    ends->destination_port_be = 0;
    ends->protocol = ends->family == 4 ? NLB_PROTOCOL_ICMP : NLB_PROTOCOL_ICMPV6;
    work->verdict.mtu = (nlb_u16)(mtu > 0xffffU ? 0xffffU : mtu);
    nlb_set_verdict(work, NLB_REASON_PACKET_TOO_BIG);
}

/* The packet does not leave after all. */
NLB_INLINE void nlb_keep_back(struct nlb_l4_work* work, enum nlb_l4_reason reason) {
    __builtin_memset(&work->verdict.becomes, 0, sizeof(work->verdict.becomes));
    work->verdict.mtu = 0;
    nlb_set_verdict(work, reason);
}

/* What may stand in the way of a packet that is to go on. */
NLB_INLINE void nlb_check_way(struct nlb_world* world, struct nlb_l4_work* work,
                              struct nlb_flow* flow) {
    nlb_u32 mtu;
    if (work->desc.ttl <= 1) {
        nlb_keep_back(work, NLB_REASON_TTL_EXPIRED);
        return;
    }
    mtu = nlb_port_too_big(world, work, flow);
    if (mtu == 0) return;
    nlb_port_ask(world, NLB_ASK_MTU, mtu);
    nlb_refuse_too_big(work, mtu);
}

NLB_INLINE nlb_u32 nlb_apply(struct nlb_world* world, struct nlb_l4_work* work) {
    const int v6 = work->desc.key.family == 6;
    const nlb_u8 action = work->verdict.action;
    if (action == NLB_FORWARD) return v6 ? nlb_rewrite6(world, work) : nlb_rewrite(world, work, 0);
    if (action == NLB_RESET || action == NLB_ICMP)
        return v6 ? nlb_answer6(world, work) : nlb_answer4(world, work);
    return 0;
}

/* Parses, decides, rewrites, counts. Of `work`, desc and verdict are filled whatever they held.
 * Returns the value of the packet's direction when it belongs to a flow, for the way out that is
 * kept there; otherwise a null pointer. */
NLB_INLINE struct nlb_flow* nlb_l4_packet(struct nlb_world* world, nlb_u64 now_ns,
                                          struct nlb_l4_work* work) {
    struct nlb_flow* flow = 0;
    enum nlb_l4_parsed parsed;
    __builtin_memset(&work->verdict, 0, sizeof(work->verdict));
    work->verdict.listener = NLB_NONE;
    work->verdict.target = NLB_NONE;
    parsed = nlb_parse(world, &work->desc);
    if (parsed == NLB_PARSED_LATER_FRAGMENT && nlb_fragment_ports(world, &work->desc, now_ns))
        parsed = NLB_PARSED_TRANSPORT;
    if (parsed == NLB_PARSED_TRANSPORT || parsed == NLB_PARSED_ICMP_ERROR)
        flow = work->desc.key.family == 6 ? nlb_decide6(world, work, now_ns)
                                          : nlb_decide(world, work, now_ns, 0);
    else
        nlb_set_verdict(work, nlb_decide_unparsed(world, parsed, &work->desc));
    if ((work->desc.flags & NLB_DESC_FIRST_FRAGMENT) != 0)
        nlb_fragment_remember(world, work, now_ns);
    if (work->verdict.action == NLB_FORWARD) nlb_check_way(world, work, flow);
    if (nlb_apply(world, work) != 0) nlb_keep_back(work, NLB_REASON_REWRITE_FAILED);
    nlb_port_count(world, work);
    return flow;
}

NLB_C_TEXT_END

#endif
