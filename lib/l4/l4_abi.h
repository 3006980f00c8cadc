/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The values of the packet decision: what a packet is reduced to, what the tables hold, what comes
 * out. One text for the kernel (clang, BPF) and for userspace (C++20): plain C, no libc, no kernel
 * header. Numbers whose name ends in _be are in network order, all others in host order. Every
 * byte of every struct is named and zero unless set, so that structs compare and hash as bytes.
 */
#ifndef NLB_L4_ABI_H
#define NLB_L4_ABI_H

#include "l4_reasons.h"

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
#define nlb_two32(first, second) ((nlb_u64)(second) << 32U | (first)) /* as they lie in memory */
#else
#define nlb_ntoh16(x) (x)
#define nlb_ntoh32(x) (x)
#define nlb_hton16(x) (x)
#define nlb_hton32(x) (x)
#define nlb_two32(first, second) ((nlb_u64)(first) << 32U | (second))
#endif

/* Words of a packet, at any address. The kernel takes them whole; told of alignment 1, clang would
 * take them from memory byte by byte in BPF, and that was a third of the cost of a packet. */
#ifdef __bpf__
#define NLB_ANYWHERE __attribute__((may_alias))
#else
#define NLB_ANYWHERE __attribute__((may_alias, aligned(1)))
#endif
typedef nlb_u16 NLB_ANYWHERE nlb_word16;
typedef nlb_u32 NLB_ANYWHERE nlb_word32;
typedef nlb_u64 NLB_ANYWHERE nlb_word64;

#define NLB_NONE 0xffffffffU /* no such index */

/* IANA protocol numbers. */
#define NLB_PROTOCOL_ICMP 1U
#define NLB_PROTOCOL_TCP 6U
#define NLB_PROTOCOL_UDP 17U
#define NLB_PROTOCOL_ICMPV6 58U

/* [RFC 9293 3.1] */
#define NLB_TCP_FIN 0x01U
#define NLB_TCP_SYN 0x02U
#define NLB_TCP_RST 0x04U
#define NLB_TCP_ACK 0x10U

/* The 5-tuple as it is in the packet. An IPv4 address is the first word, the others are zero. Also
 * the key of a direction of an IPv6 flow. */
struct nlb_tuple {
    nlb_u32 source_be[4];
    nlb_u32 destination_be[4];
    nlb_u16 source_port_be;
    nlb_u16 destination_port_be;
    nlb_u8 protocol;
    nlb_u8 family; /* 4 or 6; 0: nothing could be read */
    nlb_u8 zero[2];
} __attribute__((aligned(8))); /* copied in five steps instead of ten */

NLB_ASSERT_SIZE(struct nlb_tuple, 40);

/* The key of a direction of an IPv4 flow. */
struct nlb_flow_key {
    nlb_u32 source_be;
    nlb_u32 destination_be;
    nlb_u16 source_port_be;
    nlb_u16 destination_port_be;
    nlb_u8 protocol;
    nlb_u8 zero[3];
} __attribute__((aligned(8)));

NLB_ASSERT_SIZE(struct nlb_flow_key, 16);

/* State bits of a flow. All but REPLY live in the value of the client's direction only. */
#define NLB_FLOW_REPLY 0x01U        /* this value is of the target's direction */
#define NLB_FLOW_CLIENT_FIN 0x02U   /* the client sent FIN */
#define NLB_FLOW_TARGET_FIN 0x04U   /* the target sent FIN */
#define NLB_FLOW_CLIENT_RST 0x08U   /* the client sent RST */
#define NLB_FLOW_TARGET_RST 0x10U   /* the target sent RST */
#define NLB_FLOW_EXPIRED 0x20U      /* timed out: packets of either side get a RST */
#define NLB_FLOW_ANSWERED 0x40U     /* the target sent something that is no RST */
#define NLB_FLOW_REFUSED 0x80U      /* the target answered the SYN with a RST */
#define NLB_FLOW_TARGET_DATA 0x100U /* the target sent payload */

/* The value of one direction, all but the addresses that its packets get. Two of them make a flow;
 * the one of the client's direction holds time and state, and the other finds it: what its packets
 * become, with the ends swapped, is the other's key. */
struct nlb_flow {
    nlb_u64 bytes;             /* of this direction, IP headers included */
    nlb_u32 packets;           /* of this direction */
    nlb_u32 last;              /* moment (l4_age.h) of the last packet of either side */
    nlb_u32 opened_s;          /* time of the first packet, full seconds */
    nlb_u32 idle_ms;           /* silence after which the flow is forgotten */
    nlb_u32 hop;               /* next hop: the kernel frames know what it means; else 0 */
    nlb_u16 target;            /* index */
    nlb_u16 target_generation; /* a target index that was given to another target has a new one */
    nlb_u16 listener;          /* index */
    nlb_u16 state;             /* NLB_FLOW_... */
    nlb_u16 source_port_be;    /* what packets get, and the addresses that follow in the table */
    nlb_u16 destination_port_be;
};

NLB_ASSERT_SIZE(struct nlb_flow, 40);

struct nlb_flow4 {
    struct nlb_flow flow;
    nlb_u32 source_be;
    nlb_u32 destination_be;
};

struct nlb_flow6 {
    struct nlb_flow flow;
    nlb_u32 source_be[4];
    nlb_u32 destination_be[4];
};

/* With its key an IPv4 entry is one cache line. */
NLB_ASSERT_SIZE(struct nlb_flow4, 48);
NLB_ASSERT_SIZE(struct nlb_flow6, 72);

/* The ports of a datagram, learned from its first fragment. */
struct nlb_fragment_key {
    nlb_u32 source_be[4];
    nlb_u32 destination_be[4];
    nlb_u32 id;      /* as it is in the packet: 16 bits of IPv4, 32 of IPv6 */
    nlb_u8 protocol; /* of IPv6 0: there only the first fragment tells it [RFC 8200 4.5] */
    nlb_u8 family;
    nlb_u8 zero[2];
};

struct nlb_fragment {
    struct nlb_fragment_key key;
    nlb_u16 source_port_be;
    nlb_u16 destination_port_be;
    nlb_u8 protocol; /* after the extension headers of the first fragment */
    nlb_u8 zero[3];
    nlb_u64 seen_ns;
};

NLB_ASSERT_SIZE(struct nlb_fragment, 56);

/* One datagram a slot: a newer one with the same slot takes its place. A power of two. */
#define NLB_FRAGMENT_SLOTS 4096U
#define NLB_FRAGMENT_NS 30000000000ULL /* how long later fragments may follow the first */

struct nlb_address { /* of the node */
    nlb_u32 address_be[4];
    nlb_u32 family;
};

NLB_ASSERT_SIZE(struct nlb_address, 20);

struct nlb_listener_key {
    nlb_u32 address_be[4];
    nlb_u16 port_be;
    nlb_u8 protocol;
    nlb_u8 family;
};

NLB_ASSERT_SIZE(struct nlb_listener_key, 20);

#define NLB_LISTENER_HANDED_UP 0x1U  /* needs sockets: TLS, PROXY protocol */
#define NLB_LISTENER_TRANSLATES 0x2U /* needs sockets: targets of the other address family */
#define NLB_LISTENER_HOST_PORT 0x4U  /* no listener: the port is the host's own */
#define NLB_LISTENER_NO_GATEWAY 0x8U /* refuses IPv6 that came through the internet gateway */

struct nlb_listener {
    nlb_u32 index;   /* position in the list of listeners, for reports; below 65,536 */
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
    nlb_u32 ring_size;    /* 0: no target takes new flows */
    nlb_u32 flags;        /* NLB_GROUP_... */
    nlb_u32 source_be[4]; /* node's private address, of the targets' family */
    nlb_u32 zero;
};

NLB_ASSERT_SIZE(struct nlb_group, 32);

#define NLB_TARGET_REGISTERED 0x1U /* the index is in use */
#define NLB_TARGET_UNHEALTHY 0x2U  /* its flows are reset: it became unhealthy */
#define NLB_TARGET_TERMINATED 0x4U /* its flows are reset: it was deregistered */

struct nlb_target {
    nlb_u32 address_be[4];
    nlb_u16 port_be;
    nlb_u16 flags; /* NLB_TARGET_... */
    nlb_u16 generation;
    nlb_u16 zero;
};

NLB_ASSERT_SIZE(struct nlb_target, 24);

/* What the packet is besides its 5-tuple. */
#define NLB_DESC_FIRST_FRAGMENT 0x1U /* holds the ports; more follow */
#define NLB_DESC_LATER_FRAGMENT                                                                    \
    0x2U                            /* holds no ports; `key` gets them from the first one's entry */
#define NLB_DESC_ICMP_ERROR 0x4U    /* `key` is the quoted packet's, ends swapped */
#define NLB_DESC_MAY_NOT_SPLIT 0x8U /* IPv6, or IPv4 with DF */

/* What the decision needs of a packet. */
struct nlb_l4_desc {
    struct nlb_tuple key;
    nlb_u32 sequence;
    nlb_u32 acknowledgment;
    nlb_u32 segment_length;  /* SEG.LEN: payload bytes, and one each for SYN and FIN [RFC 9293] */
    nlb_u32 fragment_id;     /* network order; 0 unless a fragment */
    nlb_u16 length;          /* of the IP packet by its header's word */
    nlb_u16 l3_offset;       /* of the IP header in the frame */
    nlb_u16 l4_offset;       /* of the TCP, UDP or ICMP header in the frame */
    nlb_u16 inner_l4_offset; /* ICMP_ERROR: of the quoted transport header */
    nlb_u8 tcp_flags;
    nlb_u8 flags;          /* NLB_DESC_... */
    nlb_u8 outer_protocol; /* of the packet itself, after extension headers */
    nlb_u8 ttl;            /* or hop limit */
    nlb_u32 zero;
};

NLB_ASSERT_SIZE(struct nlb_l4_desc, 72);

struct nlb_l4_verdict {
    nlb_u8 action;    /* enum nlb_l4_action */
    nlb_u8 reason;    /* enum nlb_l4_reason */
    nlb_u16 mtu;      /* ICMP: what the next hop takes. Otherwise zero */
    nlb_u32 listener; /* index or NLB_NONE */
    nlb_u32 target;   /* index or NLB_NONE */
    nlb_u32 zero;
    struct nlb_tuple becomes; /* FORWARD: the 5-tuple after rewriting. ICMP: that of the error, its
                                 ports 0. Otherwise zero */
};

NLB_ASSERT_SIZE(struct nlb_l4_verdict, 56);

/* What became of an entry that was to be put into a flow table. */
#define NLB_PUT_DONE 0
#define NLB_PUT_EXISTS 1
#define NLB_PUT_FULL 2

/* A flow by its two ends. */
struct nlb_pair {
    struct nlb_tuple client_key; /* the client's packets as they come */
    struct nlb_tuple becomes;    /* and as they leave */
};

/* What the outside hears of flows. */
enum nlb_event_kind {
    NLB_EVENT_OPENED,
    NLB_EVENT_REFUSED, /* the target answered the SYN with a RST */
    NLB_EVENT_RESET,   /* the target sent RST before any payload */
    NLB_EVENT_CLOSED   /* both sides sent FIN, or one RST: `flow` says which */
};

/* Source ports of rewritten flows; the host's own sockets stay below [guide, Client IP
 * preservation: 55,000 connections per target]. */
#define NLB_SNAT_FIRST_PORT 10240U
#define NLB_SNAT_PORTS 55000U
/* Ports tried for one flow while the target was out of them a moment ago. */
#define NLB_SNAT_FEW_PROBES 64U
#define NLB_SNAT_RETRY_NS 1000000000ULL /* how long "a moment ago" is */

/* A flow that both sides closed, or one reset, is kept this long for late segments, no longer. */
#define NLB_CLOSED_MS 30000U

#endif
