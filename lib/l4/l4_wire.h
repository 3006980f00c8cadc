/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * Headers as they are on the wire: bytes, alignment 1, read and written by nlb_load and nlb_store.
 */
#ifndef NLB_L4_WIRE_H
#define NLB_L4_WIRE_H

#include "l4_abi.h"

NLB_C_TEXT_BEGIN

#define NLB_MOST_VLAN_TAGS 2
#define NLB_LONGEST_L3_OFFSET 22U /* Ethernet and two tags */

#define NLB_ETHERTYPE_IPV4 0x0800U
#define NLB_ETHERTYPE_IPV6 0x86ddU
#define NLB_ETHERTYPE_8021Q 0x8100U
#define NLB_ETHERTYPE_8021AD 0x88a8U

struct nlb_ethernet {
    nlb_u8 destination[6];
    nlb_u8 source[6];
    nlb_u8 type[2];
};

NLB_ASSERT_SIZE(struct nlb_ethernet, 14);

struct nlb_vlan { /* IEEE 802.1Q tag after the first type field */
    nlb_u8 control[2];
    nlb_u8 type[2];
};

NLB_ASSERT_SIZE(struct nlb_vlan, 4);

struct nlb_ipv4 { /* RFC 791 3.1 */
    nlb_u8 version_ihl;
    nlb_u8 tos;
    nlb_u8 total_length[2];
    nlb_u8 id[2];
    nlb_u8 fragment[2];
    nlb_u8 ttl;
    nlb_u8 protocol;
    nlb_u8 checksum[2];
    nlb_u8 source[4];
    nlb_u8 destination[4];
};

NLB_ASSERT_SIZE(struct nlb_ipv4, 20);

#define NLB_IPV4_DF 0x4000U
#define NLB_IPV4_MF 0x2000U
#define NLB_IPV4_OFFSET 0x1fffU

struct nlb_ipv6 { /* RFC 8200 3 */
    nlb_u8 version_class_flow[4];
    nlb_u8 payload_length[2];
    nlb_u8 next_header;
    nlb_u8 hop_limit;
    nlb_u8 source[16];
    nlb_u8 destination[16];
};

NLB_ASSERT_SIZE(struct nlb_ipv6, 40);

/* Extension headers that may stand before the transport header [RFC 8200 4]. */
#define NLB_IPV6_HOP_BY_HOP 0U
#define NLB_IPV6_ROUTING 43U
#define NLB_IPV6_FRAGMENT 44U
#define NLB_IPV6_DESTINATION 60U

struct nlb_ipv6_extension { /* hop-by-hop, routing, destination options */
    nlb_u8 next_header;
    nlb_u8 length; /* 8-byte units beyond the first */
};

struct nlb_ipv6_fragment { /* RFC 8200 4.5 */
    nlb_u8 next_header;
    nlb_u8 reserved;
    nlb_u8 offset[2];
    nlb_u8 id[4];
};

NLB_ASSERT_SIZE(struct nlb_ipv6_fragment, 8);

#define NLB_MOST_EXTENSIONS 6
#define NLB_LONGEST_EXTENSIONS 256U /* bytes of all of them */
#define NLB_LONGEST_L4_OFFSET                                                                      \
    (NLB_LONGEST_L3_OFFSET + (nlb_u32)sizeof(struct nlb_ipv6) + NLB_LONGEST_EXTENSIONS)
/* TCP options are not looked at; of a quoted packet the IPv4 header may have options. */
#define NLB_LONGEST_HEADERS (NLB_LONGEST_L4_OFFSET + 8U + 60U + 20U)

/* An offset that is known to be at most NLB_LONGEST_HEADERS, also to the verifier of Linux 6.1: it
 * loses what was checked in another register, and takes no pointer 64 KiB into a packet. */
NLB_INLINE nlb_u64 nlb_within_headers(nlb_u64 offset) {
#ifdef __bpf__
    __asm__ volatile("%0 &= 511" : "+r"(offset));
#endif
    return offset;
}

struct nlb_tcp { /* RFC 9293 3.1 */
    nlb_u8 source_port[2];
    nlb_u8 destination_port[2];
    nlb_u8 sequence[4];
    nlb_u8 acknowledgment[4];
    nlb_u8 data_offset;
    nlb_u8 flags;
    nlb_u8 window[2];
    nlb_u8 checksum[2];
    nlb_u8 urgent[2];
};

NLB_ASSERT_SIZE(struct nlb_tcp, 20);

#define NLB_TCP_CHECKSUM_OFFSET 16U

struct nlb_udp { /* RFC 768 */
    nlb_u8 source_port[2];
    nlb_u8 destination_port[2];
    nlb_u8 length[2];
    nlb_u8 checksum[2];
};

NLB_ASSERT_SIZE(struct nlb_udp, 8);

#define NLB_UDP_CHECKSUM_OFFSET 6U

struct nlb_icmp { /* RFC 792, RFC 4443; of errors the quoted packet follows */
    nlb_u8 type;
    nlb_u8 code;
    nlb_u8 checksum[2];
    nlb_u8 unused[2];
    nlb_u8 mtu[2]; /* IPv4, RFC 1191; with `unused` the 32-bit MTU of IPv6 */
};

NLB_ASSERT_SIZE(struct nlb_icmp, 8);

#define NLB_ICMP_CHECKSUM_OFFSET 2U
#define NLB_ICMP_UNREACHABLE 3U
#define NLB_ICMP_FRAGMENTATION_NEEDED 4U /* code */
#define NLB_ICMPV6_UNREACHABLE 1U
#define NLB_ICMPV6_TOO_BIG 2U
/* Multicast listener and neighbor discovery messages [RFC 2710, RFC 4861], RFC 3810's apart. */
#define NLB_ICMPV6_FIRST_NEIGHBOR 130U
#define NLB_ICMPV6_LAST_NEIGHBOR 137U
#define NLB_ICMPV6_LISTENER_REPORT_V2 143U

/* Network order, as the bytes are. */
NLB_INLINE nlb_u16 nlb_load16(const nlb_u8* bytes) {
    return *(const nlb_word16*)bytes;
}

NLB_INLINE nlb_u32 nlb_load32(const nlb_u8* bytes) {
    return *(const nlb_word32*)bytes;
}

NLB_INLINE void nlb_store16(nlb_u8* bytes, nlb_u16 value) {
    *(nlb_word16*)bytes = value;
}

NLB_INLINE void nlb_store32(nlb_u8* bytes, nlb_u32 value) {
    *(nlb_word32*)bytes = value;
}

/* An IPv6 address. */
NLB_INLINE void nlb_load_address(const nlb_u8* bytes, nlb_u32* address_be) {
    for (nlb_u32 i = 0; i < 4; ++i)
        address_be[i] = nlb_load32(bytes + 4 * i);
}

/* A link address. */
NLB_INLINE void nlb_copy_mac(const nlb_u8* from, nlb_u8* to) {
    nlb_store32(to, nlb_load32(from));
    nlb_store16(to + 4, nlb_load16(from + 4));
}

/* `pointer` = the struct at `offset`, or leave with `otherwise` when it does not end by `end`. */
#define NLB_PULL(pointer, begin, offset, end, otherwise)                                           \
    do {                                                                                           \
        if ((begin) + (offset) + sizeof(*(pointer)) > (end)) return (otherwise);                   \
        (pointer) = (__typeof__(pointer))((begin) + (offset));                                     \
    } while (0)

NLB_C_TEXT_END

#endif
