/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The values of the packet decision: what a packet is reduced to, what the tables hold, what comes
 * out. One text for the kernel (clang, BPF) and for userspace (C++20): plain C, no libc, no kernel
 * header. Numbers whose name ends in _be are in network order, all others in host order. Every
 * byte of every struct is named and zero unless set, so that structs compare and hash as bytes.
 */
#ifndef NLB_L4_ABI_H
#define NLB_L4_ABI_H

typedef __UINT8_TYPE__ nlb_u8;
typedef __UINT16_TYPE__ nlb_u16;
typedef __UINT32_TYPE__ nlb_u32;
typedef __UINT64_TYPE__ nlb_u64;

#define NLB_INLINE static inline __attribute__((always_inline, unused))
#define NLB_NOINLINE static __attribute__((noinline, unused))

#ifdef __cplusplus
#define NLB_ASSERT_SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type)
#else
#define NLB_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#endif

/* Around C functions: casts are written as C writes them. */
#ifdef __cplusplus
#define NLB_C_TEXT_BEGIN                                                                           \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wold-style-cast\"")
#define NLB_C_TEXT_END _Pragma("GCC diagnostic pop")
#else
#define NLB_C_TEXT_BEGIN
#define NLB_C_TEXT_END
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define nlb_ntoh16(x) __builtin_bswap16(x)
#define nlb_ntoh32(x) __builtin_bswap32(x)
#define nlb_hton16(x) __builtin_bswap16(x)
#define nlb_hton32(x) __builtin_bswap32(x)
#else
#define nlb_ntoh16(x) (x)
#define nlb_ntoh32(x) (x)
#define nlb_hton16(x) (x)
#define nlb_hton32(x) (x)
#endif

#define NLB_NONE 0xffffffffU /* no such index */

/* IANA protocol numbers. */
#define NLB_PROTOCOL_TCP 6U

/* [RFC 9293 3.1] */
#define NLB_TCP_FIN 0x01U
#define NLB_TCP_SYN 0x02U
#define NLB_TCP_RST 0x04U
#define NLB_TCP_ACK 0x10U

/* What happens to the packet. PASS: not ours, the host goes on with it. FORWARD: rewritten, on its
 * way. RESET: turned into a RST for its sender. DROP: gone. */
#define NLB_L4_ACTIONS(X)                                                                          \
    X(PASS, "pass")                                                                                \
    X(FORWARD, "forward")                                                                          \
    X(RESET, "reset")                                                                              \
    X(DROP, "drop")

/* Why. The position is the counter's index; the text is what verdict lines and the table of
 * nlb-forward(8) say, with the sentence. A reason belongs to one action. New ones go to the end.
 *   X(name, action, "text", "sentence") */
#define NLB_L4_REASONS(X)                                                                          \
    X(NEW_FLOW, FORWARD, "new-flow", "A SYN opened a flow and a target was chosen for it.")        \
    X(FLOW, FORWARD, "flow", "The packet belongs to a live flow and goes to its target.")          \
    X(REPLY, FORWARD, "reply", "The packet is a target's answer and goes back to the client.")     \
    X(NOT_IPV4, PASS, "not-ipv4", "The frame carries something else than IPv4.")                   \
    X(TOO_MANY_TAGS, PASS, "too-many-tags", "The frame has more than two VLAN tags.")              \
    X(NOT_OURS, PASS, "not-ours", "The destination is no address of this node.")                   \
    X(HANDED_UP, PASS, "handed-up", "The listener is served by sockets, not by the packet path.")  \
    X(NO_FLOW, RESET, "no-flow", "A segment for a listener neither opens nor belongs to a flow.")  \
    X(FLOW_EXPIRED, RESET, "flow-expired", "The flow was idle for longer than its timeout.")       \
    X(TARGET_GONE, RESET, "target-gone", "The target of the flow is not registered any more.")     \
    X(TARGET_UNHEALTHY, RESET, "target-unhealthy", "The target of the flow became unhealthy.")     \
    X(NO_TARGET, RESET, "no-target", "The target group has no target to choose from.")             \
    X(SHORT_FRAME, DROP, "short-frame", "The frame ends inside its link or IPv4 header.")          \
    X(BAD_IPV4, DROP, "bad-ipv4", "The IPv4 header contradicts itself.")                           \
    X(BAD_TCP, DROP, "bad-tcp", "The TCP header is cut short or contradicts itself.")              \
    X(FRAGMENT, DROP, "fragment", "The packet is a fragment for an address of this node.")         \
    X(NOT_TCP, DROP, "not-tcp", "The packet for an address of this node is not TCP.")              \
    X(NO_LISTENER, DROP, "no-listener", "No listener has this port on this node's address.")       \
    X(STRAY_RESET, DROP, "stray-reset", "A RST belongs to no live flow and is never answered.")    \
    X(PORTS_EXHAUSTED, DROP, "ports-exhausted",                                                    \
      "No source port was free between the node's address and the target.")                        \
    X(FLOW_COLLISION, DROP, "flow-collision",                                                      \
      "The client's address and port already lead another flow to the same target.")               \
    X(TABLE_FULL, DROP, "table-full", "The flow table has no room.")                               \
    X(REWRITE_FAILED, DROP, "rewrite-failed", "The frame could not be made writable or resized.")

enum nlb_l4_action {

#define X(name, text) NLB_##name,
    NLB_L4_ACTIONS(X)
#undef X
        NLB_ACTION_COUNT
};

enum nlb_l4_reason {

#define X(name, action, text, sentence) NLB_REASON_##name,
    NLB_L4_REASONS(X)
#undef X
        NLB_REASON_COUNT
};

/* A direction of a flow: the 5-tuple as it is in the packet. */
struct nlb_flow_key {
    nlb_u32 source_be;
    nlb_u32 destination_be;
    nlb_u16 source_port_be;
    nlb_u16 destination_port_be;
    nlb_u8 protocol;
    nlb_u8 zero[3];
};

NLB_ASSERT_SIZE(struct nlb_flow_key, 16);

/* The same for IPv6; only hashed so far (the proxy balances IPv6 connections). */
struct nlb_flow6_key {
    nlb_u8 source[16];
    nlb_u8 destination[16];
    nlb_u16 source_port_be;
    nlb_u16 destination_port_be;
    nlb_u8 protocol;
    nlb_u8 zero[3];
};

NLB_ASSERT_SIZE(struct nlb_flow6_key, 40);

/* State bits of a flow. They live in the value of the client's direction only. */
#define NLB_FLOW_REPLY 0x01U      /* this value is of the target's direction */
#define NLB_FLOW_CLIENT_FIN 0x02U /* the client sent FIN */
#define NLB_FLOW_TARGET_FIN 0x04U /* the target sent FIN */
#define NLB_FLOW_RST 0x08U        /* either side sent RST */
#define NLB_FLOW_EXPIRED 0x10U    /* timed out: packets of either side get a RST */

/* The value of one direction. Two of them make a flow; the one of the client's direction holds
 * time and state, and the other finds it: `becomes` with its ends swapped is the other's key. */
struct nlb_flow {
    struct nlb_flow_key becomes; /* the 5-tuple after rewriting */
    nlb_u64 last_ns;             /* time of the last packet of either side */
    nlb_u32 listener;            /* index */
    nlb_u32 target;              /* index */
    nlb_u32 target_generation;   /* a target index that was given to another target has a new one */
    nlb_u32 idle_ms;             /* silence after which the flow is forgotten */
    nlb_u32 state;               /* NLB_FLOW_... */
    nlb_u32 zero;
};

NLB_ASSERT_SIZE(struct nlb_flow, 48);

struct nlb_listener_key {
    nlb_u32 address_be;
    nlb_u16 port_be;
    nlb_u8 protocol;
    nlb_u8 zero;
};

NLB_ASSERT_SIZE(struct nlb_listener_key, 8);

#define NLB_LISTENER_HANDED_UP 0x1U /* needs sockets: TLS, PROXY protocol, IPv6 targets */

struct nlb_listener {
    nlb_u32 index;   /* position in the list of listeners, for reports */
    nlb_u32 group;   /* index */
    nlb_u32 idle_ms; /* [guide, Connection idle timeout] */
    nlb_u32 flags;   /* NLB_LISTENER_... */
};

NLB_ASSERT_SIZE(struct nlb_listener, 16);

#define NLB_GROUP_STICKY 0x1U             /* choose by source address and protocol only */
#define NLB_GROUP_PRESERVE_CLIENT_IP 0x2U /* targets see the client's address and port */

/* How this node treats a target group. Its ring is slots [first_slot, first_slot + ring_size). */
struct nlb_group {
    nlb_u32 first_slot;
    nlb_u32 ring_size; /* 0: no target takes new flows */
    nlb_u32 flags;     /* NLB_GROUP_... */
    nlb_u32 source_be; /* node's private address */
};

NLB_ASSERT_SIZE(struct nlb_group, 16);

#define NLB_TARGET_REGISTERED 0x1U /* the index is in use */
#define NLB_TARGET_RESETS 0x2U     /* its flows are reset: it became unhealthy */

struct nlb_target {
    nlb_u32 address_be;
    nlb_u16 port_be;
    nlb_u16 flags; /* NLB_TARGET_... */
    nlb_u32 generation;
    nlb_u32 zero;
};

NLB_ASSERT_SIZE(struct nlb_target, 16);

/* What the decision needs of a packet. */
struct nlb_l4_desc {
    struct nlb_flow_key key;
    nlb_u32 sequence;
    nlb_u32 acknowledgment;
    nlb_u32 segment_length; /* SEG.LEN: payload bytes, and one each for SYN and FIN [RFC 9293] */
    nlb_u16 l3_offset;      /* of the IPv4 header in the frame */
    nlb_u16 l4_offset;      /* of the TCP header in the frame */
    nlb_u8 tcp_flags;
    nlb_u8 zero[3];
};

NLB_ASSERT_SIZE(struct nlb_l4_desc, 36);

struct nlb_l4_verdict {
    nlb_u8 action; /* enum nlb_l4_action */
    nlb_u8 reason; /* enum nlb_l4_reason */
    nlb_u16 zero;
    nlb_u32 listener;            /* index or NLB_NONE */
    nlb_u32 target;              /* index or NLB_NONE */
    struct nlb_flow_key becomes; /* FORWARD: the 5-tuple after rewriting; otherwise zero */
};

NLB_ASSERT_SIZE(struct nlb_l4_verdict, 28);

/* Source ports of rewritten flows; the host's own sockets stay below [guide, Client IP
 * preservation: 55,000 connections per target]. */
#define NLB_SNAT_FIRST_PORT 10240U
#define NLB_SNAT_PORTS 55000U
/* Ports tried for one flow: with nine in ten taken, all 128 are taken once in 700,000. */
#define NLB_SNAT_PROBES 128U

/* A flow that both sides closed, or one reset, is kept this long for late segments, no longer. */
#define NLB_CLOSED_MS 30000U

#endif
