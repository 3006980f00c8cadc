/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * Bytes of an Ethernet frame to nlb_l4_desc. Never reads at or past `end`; a header is looked at
 * only after NLB_PULL said that it is there. Payload may be missing (captures keep the first bytes
 * of a frame only); headers may not.
 */
#ifndef NLB_L4_PARSE_H
#define NLB_L4_PARSE_H

#include "l4_abi.h"

NLB_C_TEXT_BEGIN

#define NLB_MOST_VLAN_TAGS 2
#define NLB_LONGEST_L3_OFFSET 22U /* Ethernet and two tags */
#define NLB_LONGEST_L4_OFFSET (NLB_LONGEST_L3_OFFSET + 60U)
#define NLB_LONGEST_HEADERS (NLB_LONGEST_L4_OFFSET + 20U) /* TCP options are not looked at */

#define NLB_ETHERTYPE_IPV4 0x0800U
#define NLB_ETHERTYPE_8021Q 0x8100U
#define NLB_ETHERTYPE_8021AD 0x88a8U

/* Structs on the wire are bytes: alignment 1, read by nlb_load16 and nlb_load32. */
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

/* What nlb_l4_parse found. Of NLB_PARSED_NOT_TCP and later, the addresses in `key` are valid. */
enum nlb_l4_parsed {
    NLB_PARSED_TCP,
    NLB_PARSED_SHORT,
    NLB_PARSED_TOO_MANY_TAGS,
    NLB_PARSED_NOT_IPV4,
    NLB_PARSED_BAD_IPV4,
    NLB_PARSED_NOT_TCP,
    NLB_PARSED_FRAGMENT,
    NLB_PARSED_BAD_TCP
};

/* Network order, as the bytes are. */
NLB_INLINE nlb_u16 nlb_load16(const nlb_u8* bytes) {
    nlb_u16 value;
    __builtin_memcpy(&value, bytes, 2);
    return value;
}

NLB_INLINE nlb_u32 nlb_load32(const nlb_u8* bytes) {
    nlb_u32 value;
    __builtin_memcpy(&value, bytes, 4);
    return value;
}

/* `pointer` = the struct at `offset`, or leave with `otherwise` when it does not end by `end`. */
#define NLB_PULL(pointer, begin, offset, end, otherwise)                                           \
    do {                                                                                           \
        if ((begin) + (offset) + sizeof(*(pointer)) > (end)) return (otherwise);                   \
        (pointer) = (__typeof__(pointer))((begin) + (offset));                                     \
    } while (0)

/* Offset of the layer-3 header into `desc`. */
NLB_INLINE enum nlb_l4_parsed nlb_parse_link(const nlb_u8* begin, const nlb_u8* end,
                                             struct nlb_l4_desc* desc) {
    const struct nlb_ethernet* ethernet;
    const struct nlb_vlan* vlan;
    nlb_u32 offset = sizeof(*ethernet);
    nlb_u16 type;
    NLB_PULL(ethernet, begin, 0U, end, NLB_PARSED_SHORT);
    type = nlb_ntoh16(nlb_load16(ethernet->type));
    for (int tags = 0; tags < NLB_MOST_VLAN_TAGS; ++tags) {
        if (type != NLB_ETHERTYPE_8021Q && type != NLB_ETHERTYPE_8021AD) break;
        NLB_PULL(vlan, begin, offset, end, NLB_PARSED_SHORT);
        type = nlb_ntoh16(nlb_load16(vlan->type));
        offset += (nlb_u32)sizeof(*vlan);
    }
    if (type == NLB_ETHERTYPE_8021Q || type == NLB_ETHERTYPE_8021AD)
        return NLB_PARSED_TOO_MANY_TAGS;
    desc->l3_offset = (nlb_u16)offset;
    return type == NLB_ETHERTYPE_IPV4 ? NLB_PARSED_TCP : NLB_PARSED_NOT_IPV4;
}

/* `tcp_length`: bytes of header and payload by the IPv4 header's word. */
NLB_INLINE enum nlb_l4_parsed nlb_parse_tcp(const nlb_u8* begin, const nlb_u8* end,
                                            nlb_u32 tcp_length, struct nlb_l4_desc* desc) {
    const struct nlb_tcp* tcp;
    nlb_u32 header_length;
    NLB_PULL(tcp, begin, desc->l4_offset, end, NLB_PARSED_BAD_TCP);
    header_length = ((nlb_u32)tcp->data_offset >> 4U) * 4U;
    if (header_length < sizeof(*tcp) || header_length > tcp_length) return NLB_PARSED_BAD_TCP;
    desc->key.source_port_be = nlb_load16(tcp->source_port);
    desc->key.destination_port_be = nlb_load16(tcp->destination_port);
    desc->sequence = nlb_ntoh32(nlb_load32(tcp->sequence));
    desc->acknowledgment = nlb_ntoh32(nlb_load32(tcp->acknowledgment));
    desc->tcp_flags = tcp->flags;
    desc->segment_length = tcp_length - header_length;
    if ((tcp->flags & NLB_TCP_SYN) != 0) desc->segment_length += 1U;
    if ((tcp->flags & NLB_TCP_FIN) != 0) desc->segment_length += 1U;
    return NLB_PARSED_TCP;
}

/* `desc` is zeroed first. IPv4 options are skipped, not obeyed. */
NLB_NOINLINE enum nlb_l4_parsed nlb_l4_parse(const nlb_u8* begin, const nlb_u8* end,
                                             struct nlb_l4_desc* desc) {
    const struct nlb_ipv4* ip;
    enum nlb_l4_parsed parsed;
    nlb_u32 header_length;
    nlb_u32 total_length;
    __builtin_memset(desc, 0, sizeof(*desc));
    parsed = nlb_parse_link(begin, end, desc);
    if (parsed != NLB_PARSED_TCP) return parsed;
    NLB_PULL(ip, begin, desc->l3_offset, end, NLB_PARSED_SHORT);
    header_length = (ip->version_ihl & 0x0fU) * 4U;
    total_length = nlb_ntoh16(nlb_load16(ip->total_length));
    if (ip->version_ihl >> 4U != 4U || header_length < sizeof(*ip) || total_length < header_length)
        return NLB_PARSED_BAD_IPV4;
    desc->l4_offset = (nlb_u16)(desc->l3_offset + header_length);
    desc->key.source_be = nlb_load32(ip->source);
    desc->key.destination_be = nlb_load32(ip->destination);
    desc->key.protocol = ip->protocol;
    if ((nlb_ntoh16(nlb_load16(ip->fragment)) & 0x3fffU) != 0) return NLB_PARSED_FRAGMENT;
    if (ip->protocol != NLB_PROTOCOL_TCP) return NLB_PARSED_NOT_TCP;
    return nlb_parse_tcp(begin, end, total_length - header_length, desc);
}

NLB_C_TEXT_END

#endif
