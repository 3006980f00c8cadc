/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The decision: a list of questions to the tables. The flow comes first, because answers of targets
 * match no listener. Sections are of the Network Load Balancers user guide.
 */
#ifndef NLB_L4_DECIDE_H
#define NLB_L4_DECIDE_H

#include "l4_open.h"
#include "l4_parse.h"

NLB_C_TEXT_BEGIN

struct nlb_world;

/* Ports used here; l4_core.h says what each promises. */
static const struct nlb_listener* nlb_port_listener(struct nlb_world* world,
                                                    const struct nlb_listener_key* key);
static int nlb_port_is_node(struct nlb_world* world, const struct nlb_address* address);
static int nlb_port_host_socket(struct nlb_world* world, const struct nlb_l4_desc* desc);
static int nlb_port_from_gateway(struct nlb_world* world);
static int nlb_port_guard(struct nlb_world* world, nlb_u64 now_ns);

/* There is no RST to a packet that is not TCP or does not hold its TCP header: it is dropped. */
NLB_INLINE void nlb_set_verdict(struct nlb_l4_work* work, enum nlb_l4_reason reason) {
    static const nlb_u8 actions[NLB_REASON_COUNT] = {
#define X(name, action, text, sentence) NLB_##action,
        NLB_L4_REASONS(X)
#undef X
    };
    nlb_u8 action = actions[reason];
    if (action == NLB_RESET && (work->desc.outer_protocol != NLB_PROTOCOL_TCP ||
                                (work->desc.flags & NLB_DESC_LATER_FRAGMENT) != 0))
        action = NLB_DROP;
    work->verdict.reason = (nlb_u8)reason;
    work->verdict.action = action;
}

/* Why a flow that exists may not go on; NLB_REASON_FLOW when it may. A target that was deregistered
 * keeps its connections unless they are to be terminated [Deregistration delay]; datagrams have no
 * connection to keep. */
NLB_INLINE enum nlb_l4_reason nlb_flow_objection(struct nlb_world* world, struct nlb_flow* flow,
                                                 nlb_u8 protocol, nlb_u64 now_ns) {
    const struct nlb_target* target;
    const int is_over = nlb_is_over(flow, now_ns);
    nlb_port_ask(world, NLB_ASK_FLOW_OVER, (nlb_u64)is_over);
    if (is_over) {
        flow->state |= NLB_FLOW_EXPIRED;
        return NLB_REASON_FLOW_EXPIRED;
    }
    target = nlb_port_target(world, flow->target);
    if (!target || (target->flags & NLB_TARGET_REGISTERED) == 0 ||
        target->generation != flow->target_generation)
        return protocol == NLB_PROTOCOL_UDP ? NLB_REASON_TARGET_DEREGISTERED : NLB_REASON_FLOW;
    if ((target->flags & NLB_TARGET_UNHEALTHY) != 0) return NLB_REASON_TARGET_UNHEALTHY;
    if ((target->flags & NLB_TARGET_TERMINATED) != 0) return NLB_REASON_TARGET_DEREGISTERED;
    return NLB_REASON_FLOW;
}

/* A packet of a flow that may go on. */
NLB_INLINE void nlb_follow_flow(struct nlb_world* world, struct nlb_l4_work* work,
                                const struct nlb_found* found, int is_reply, nlb_u64 now_ns,
                                int v6) {
    enum nlb_l4_reason reason = is_reply ? NLB_REASON_REPLY : NLB_REASON_FLOW;
    nlb_flow_becomes(found->own, work->desc.key.protocol, v6, &work->verdict.becomes);
    if ((work->desc.flags & NLB_DESC_ICMP_ERROR) != 0)
        reason = NLB_REASON_ICMP_ERROR;
    else
        nlb_flow_note(world, found, work, now_ns, v6);
    nlb_set_verdict(work, reason);
}

/* Does the packet belong to a flow? 1 when the verdict is given; 0 when it is to be looked at as a
 * packet without a flow. */
NLB_INLINE int nlb_decide_flow(struct nlb_world* world, struct nlb_l4_work* work,
                               const struct nlb_found* found, nlb_u64 now_ns, int v6) {
    const struct nlb_l4_desc* desc = &work->desc;
    const int is_reply = found->own != found->client;
    const int opens = !is_reply &&
                      (desc->flags & (NLB_DESC_LATER_FRAGMENT | NLB_DESC_ICMP_ERROR)) == 0 &&
                      nlb_is_opening(desc->key.protocol, desc->tcp_flags);
    enum nlb_l4_reason reason =
        nlb_flow_objection(world, found->client, desc->key.protocol, now_ns);
    nlb_port_ask(world, NLB_ASK_IS_REPLY, (nlb_u64)is_reply);
    nlb_port_ask(world, NLB_ASK_TARGET_RESETS,
                 reason == NLB_REASON_TARGET_UNHEALTHY || reason == NLB_REASON_TARGET_DEREGISTERED);
    if (opens && (reason != NLB_REASON_FLOW || nlb_is_closed(found->client->state))) {
        nlb_port_ask(world, NLB_ASK_OPENS_ANEW, 1);
        nlb_flow_ends(found, &desc->key, &work->found, v6);
        nlb_flow_remove(world, &work->found, v6);
        return 0;
    }
    work->verdict.listener = found->client->listener;
    work->verdict.target = found->client->target;
    if (reason == NLB_REASON_FLOW) {
        nlb_follow_flow(world, work, found, is_reply, now_ns, v6);
        return 1;
    }
    if ((desc->tcp_flags & NLB_TCP_RST) != 0) reason = NLB_REASON_STRAY_RESET;
    if ((desc->flags & NLB_DESC_ICMP_ERROR) != 0) reason = NLB_REASON_ICMP_NO_FLOW;
    nlb_set_verdict(work, reason);
    return 1;
}

NLB_INLINE int nlb_is_node(struct nlb_world* world, const struct nlb_tuple* key) {
    struct nlb_address address;
    int is_node;
    nlb_copy_address(key->destination_be, address.address_be, 1);
    address.family = key->family;
    is_node = nlb_port_is_node(world, &address);
    nlb_port_ask(world, NLB_ASK_IS_NODE, (nlb_u64)is_node);
    return is_node;
}

/* What matches neither flow nor listener: dropped at an address of this node, unless the host
 * itself has a connection with these ends. [Listeners: unintended traffic] */
NLB_INLINE enum nlb_l4_reason nlb_unintended(struct nlb_world* world,
                                             const struct nlb_l4_desc* desc,
                                             enum nlb_l4_reason at_node) {
    int is_of_host;
    if (!nlb_is_node(world, &desc->key)) return NLB_REASON_NOT_OURS;
    is_of_host = nlb_port_host_socket(world, desc);
    nlb_port_ask(world, NLB_ASK_HOST_SOCKET, (nlb_u64)is_of_host);
    return is_of_host ? NLB_REASON_HOST_SOCKET : at_node;
}

/* Why a listener does not look at the packet as one that may open a flow; NEW_FLOW when it does. */
NLB_INLINE enum nlb_l4_reason nlb_listener_objection(struct nlb_world* world,
                                                     const struct nlb_l4_desc* desc,
                                                     const struct nlb_listener* listener, int v6) {
    nlb_port_ask(world, NLB_ASK_LISTENER_FLAGS, listener->flags);
    if ((listener->flags & NLB_LISTENER_HOST_PORT) != 0) return NLB_REASON_HOST_PORT;
    if (v6 && (listener->flags & NLB_LISTENER_NO_GATEWAY) != 0 && nlb_port_from_gateway(world))
        return NLB_REASON_INTERNET_GATEWAY; /* [Load balancer attributes] */
    if ((listener->flags & NLB_LISTENER_HANDED_UP) != 0) return NLB_REASON_HANDED_UP;
    if ((listener->flags & NLB_LISTENER_TRANSLATES) != 0) return NLB_REASON_NEEDS_TRANSLATION;
    if ((desc->flags & NLB_DESC_LATER_FRAGMENT) != 0) return NLB_REASON_UNKNOWN_FRAGMENT;
    if ((desc->tcp_flags & NLB_TCP_RST) != 0) return NLB_REASON_STRAY_RESET;
    if (!nlb_is_opening(desc->key.protocol, desc->tcp_flags))
        return NLB_REASON_NO_FLOW; /* [Listeners: rejected with a RST] */
    return desc->ttl <= 1 ? NLB_REASON_TTL_EXPIRED : NLB_REASON_NEW_FLOW;
}

/* A packet without a flow. */
NLB_INLINE enum nlb_l4_reason nlb_ask_listener(struct nlb_world* world, struct nlb_l4_work* work,
                                               nlb_u64 now_ns, int v6) {
    const struct nlb_l4_desc* desc = &work->desc;
    const struct nlb_listener* listener;
    struct nlb_listener_key key;
    enum nlb_l4_reason reason;
    nlb_copy_address(desc->key.destination_be, key.address_be, v6);
    key.port_be = desc->key.destination_port_be;
    key.protocol = desc->key.protocol;
    key.family = desc->key.family;
    listener = nlb_port_listener(world, &key);
    nlb_port_ask(world, NLB_ASK_LISTENER_KNOWN, listener != 0);
    if (!listener) return nlb_unintended(world, desc, NLB_REASON_NO_LISTENER);
    if ((listener->flags & NLB_LISTENER_HOST_PORT) == 0) work->verdict.listener = listener->index;
    reason = nlb_listener_objection(world, desc, listener, v6);
    nlb_port_ask(world, NLB_ASK_OPENS_FLOW, reason == NLB_REASON_NEW_FLOW);
    if (reason != NLB_REASON_NEW_FLOW) return reason;
    if (nlb_port_guard(world, now_ns)) {
        nlb_port_ask(world, NLB_ASK_ABOVE_RATE, 1);
        return NLB_REASON_NEW_FLOW_RATE;
    }
    return v6 ? nlb_open6(world, work, listener, now_ns) : nlb_open4(world, work, listener, now_ns);
}

NLB_INLINE void nlb_decide_listener(struct nlb_world* world, struct nlb_l4_work* work,
                                    nlb_u64 now_ns, int v6) {
    nlb_set_verdict(work, (work->desc.flags & NLB_DESC_ICMP_ERROR) != 0
                              ? nlb_unintended(world, &work->desc, NLB_REASON_ICMP_NO_FLOW)
                              : nlb_ask_listener(world, work, now_ns, v6));
}

NLB_NOINLINE void nlb_decide_listener4(struct nlb_world* world, struct nlb_l4_work* work,
                                       nlb_u64 now_ns) {
    nlb_decide_listener(world, work, now_ns, 0);
}

NLB_NOINLINE void nlb_decide_listener6(struct nlb_world* world, struct nlb_l4_work* work,
                                       nlb_u64 now_ns) {
    nlb_decide_listener(world, work, now_ns, 1);
}

/* A packet with ports. Returns the value of its own direction, which holds the way to the next hop,
 * or a null pointer when it is not in a flow or opens one. */
NLB_INLINE struct nlb_flow* nlb_decide(struct nlb_world* world, struct nlb_l4_work* work,
                                       nlb_u64 now_ns, int v6) {
    const struct nlb_found found =
        nlb_flow_find(world, &work->desc.key, &work->found.client_key, v6);
    nlb_port_ask(world, NLB_ASK_FLOW_KNOWN, found.client != 0);
    if (found.client && nlb_decide_flow(world, work, &found, now_ns, v6)) return found.own;
    if (v6)
        nlb_decide_listener6(world, work, now_ns);
    else
        nlb_decide_listener4(world, work, now_ns);
    return 0;
}

/* IPv4 is inlined, because a call costs as much as a lookup on some processors; IPv6 is not,
 * because both would be more than clang keeps in registers. */
NLB_NOINLINE struct nlb_flow* nlb_decide6(struct nlb_world* world, struct nlb_l4_work* work,
                                          nlb_u64 now_ns) {
    return nlb_decide(world, work, now_ns, 1);
}

/* What has no ports. At an address of this node it is unintended traffic [Listeners]; a host that
 * only routes it goes on with it. */
NLB_INLINE enum nlb_l4_reason nlb_decide_unparsed(struct nlb_world* world,
                                                  enum nlb_l4_parsed parsed,
                                                  const struct nlb_l4_desc* desc) {
    enum nlb_l4_reason reason = NLB_REASON_SHORT_FRAME;
    if (parsed == NLB_PARSED_NOT_IP) return NLB_REASON_NOT_IP;
    if (parsed == NLB_PARSED_TOO_MANY_TAGS) return NLB_REASON_TOO_MANY_TAGS;
    if (parsed == NLB_PARSED_NEIGHBOR_DISCOVERY) return NLB_REASON_NEIGHBOR_DISCOVERY;
    if (parsed == NLB_PARSED_BAD_IP) return NLB_REASON_BAD_IP;
    if (parsed <= NLB_PARSED_TRANSPORT) return reason;
    if (parsed == NLB_PARSED_LATER_FRAGMENT) reason = NLB_REASON_UNKNOWN_FRAGMENT;
    if (parsed == NLB_PARSED_ICMP_OTHER) reason = NLB_REASON_ICMP_REFUSED;
    if (parsed == NLB_PARSED_OTHER_PROTOCOL) reason = NLB_REASON_OTHER_PROTOCOL;
    if (parsed == NLB_PARSED_TOO_MANY_EXTENSIONS) reason = NLB_REASON_TOO_MANY_EXTENSIONS;
    if (parsed == NLB_PARSED_BAD_TRANSPORT) reason = NLB_REASON_BAD_TRANSPORT;
    return nlb_is_node(world, &desc->key) ? reason : NLB_REASON_NOT_OURS;
}

NLB_C_TEXT_END

#endif
