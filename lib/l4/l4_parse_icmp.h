/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * ICMP errors: which packet they are about. Pointers and bounds as in l4_parse.h.
 */
#ifndef NLB_L4_PARSE_ICMP_H
#define NLB_L4_PARSE_ICMP_H

#include "l4_wire.h"

NLB_C_TEXT_BEGIN

/* What nlb_l4_parse found. From NLB_PARSED_TRANSPORT on the addresses in `key` are valid; ports and
 * what follows from them only of TRANSPORT and ICMP_ERROR. */
enum nlb_l4_parsed {
    NLB_PARSED_SHORT,
    NLB_PARSED_TOO_MANY_TAGS,
    NLB_PARSED_NOT_IP,
    NLB_PARSED_BAD_IP,
    NLB_PARSED_TRANSPORT,      /* TCP or UDP */
    NLB_PARSED_ICMP_ERROR,     /* `key` is of the packet it is about, ends swapped */
    NLB_PARSED_LATER_FRAGMENT, /* ports are not in the packet */
    NLB_PARSED_ICMP_OTHER,
    NLB_PARSED_NEIGHBOR_DISCOVERY,
    NLB_PARSED_OTHER_PROTOCOL,
    NLB_PARSED_TOO_MANY_EXTENSIONS,
    NLB_PARSED_BAD_TRANSPORT
};

/* The packet that an ICMP error quotes: its 5-tuple with the ends swapped, so that it is of the
 * error's own direction. Returns the length of its IP header, 0 when there is none to be read.
 * Quoted extension headers and later fragments have no ports. Not inline: joined, both headers
 * would be read through one pointer, of which the verifier knows no bounds. */
NLB_NOINLINE nlb_u32 nlb_parse_quoted4(const nlb_u8* begin, const nlb_u8* end, nlb_u32 offset,
                                       struct nlb_tuple* quoted) {
    const struct nlb_ipv4* ip;
    nlb_u32 header_length;
    if (offset > NLB_LONGEST_HEADERS) return 0;
    NLB_PULL(ip, begin, offset, end, 0);
    header_length = (ip->version_ihl & 0x0fU) * 4U;
    if (ip->version_ihl >> 4U != 4U || header_length < sizeof(*ip)) return 0;
    if ((nlb_ntoh16(nlb_load16(ip->fragment)) & NLB_IPV4_OFFSET) != 0) return 0;
    quoted->source_be[0] = nlb_load32(ip->destination);
    quoted->destination_be[0] = nlb_load32(ip->source);
    quoted->protocol = ip->protocol;
    return header_length;
}

NLB_NOINLINE nlb_u32 nlb_parse_quoted6(const nlb_u8* begin, const nlb_u8* end, nlb_u32 offset,
                                       struct nlb_tuple* quoted) {
    const struct nlb_ipv6* ip;
    if (offset > NLB_LONGEST_HEADERS) return 0;
    NLB_PULL(ip, begin, offset, end, 0);
    if (ip->version_class_flow[0] >> 4U != 6U) return 0;
    nlb_load_address(ip->destination, quoted->source_be);
    nlb_load_address(ip->source, quoted->destination_be);
    quoted->protocol = ip->next_header;
    return (nlb_u32)sizeof(*ip);
}

struct nlb_ports { /* what TCP and UDP begin with */
    nlb_u8 source[2];
    nlb_u8 destination[2];
};

/* An error goes to the sender of what it quotes [RFC 792, RFC 4443 2.2]; addresses whole. */
NLB_INLINE int nlb_is_for_sender(const struct nlb_tuple* outer, const struct nlb_tuple* quoted) {
    return ((outer->destination_be[0] ^ quoted->destination_be[0]) |
            (outer->destination_be[1] ^ quoted->destination_be[1]) |
            (outer->destination_be[2] ^ quoted->destination_be[2]) |
            (outer->destination_be[3] ^ quoted->destination_be[3])) == 0;
}

/* desc->key changes only when the quoted packet could be read. */
NLB_INLINE enum nlb_l4_parsed nlb_parse_quoted(const nlb_u8* begin, const nlb_u8* end,
                                               nlb_u32 offset, struct nlb_l4_desc* desc) {
    struct nlb_tuple quoted;
    const struct nlb_ports* ports;
    nlb_u32 header_length;
    __builtin_memset(&quoted, 0, sizeof(quoted));
    quoted.family = desc->key.family;
    header_length = quoted.family == 4 ? nlb_parse_quoted4(begin, end, offset, &quoted)
                                       : nlb_parse_quoted6(begin, end, offset, &quoted);
    if (header_length == 0) return NLB_PARSED_BAD_TRANSPORT;
    offset += header_length;
    if (quoted.protocol != NLB_PROTOCOL_TCP && quoted.protocol != NLB_PROTOCOL_UDP)
        return NLB_PARSED_ICMP_OTHER;
    if (offset > NLB_LONGEST_HEADERS ||
        offset + sizeof(*ports) > (nlb_u32)desc->l3_offset + desc->length)
        return NLB_PARSED_BAD_TRANSPORT;
    NLB_PULL(ports, begin, offset, end, NLB_PARSED_BAD_TRANSPORT);
    if (!nlb_is_for_sender(&desc->key, &quoted)) return NLB_PARSED_ICMP_OTHER;
    quoted.source_port_be = nlb_load16(ports->destination);
    quoted.destination_port_be = nlb_load16(ports->source);
    desc->key = quoted;
    desc->inner_l4_offset = (nlb_u16)offset;
    desc->flags |= NLB_DESC_ICMP_ERROR;
    return NLB_PARSED_ICMP_ERROR;
}

NLB_INLINE int nlb_is_neighbor_discovery(nlb_u8 type) {
    return (type >= NLB_ICMPV6_FIRST_NEIGHBOR && type <= NLB_ICMPV6_LAST_NEIGHBOR) ||
           type == NLB_ICMPV6_LISTENER_REPORT_V2;
}

/* [guide, Listeners: of ICMP, type 3 only] */
NLB_NOINLINE enum nlb_l4_parsed nlb_parse_icmp(const nlb_u8* begin, const nlb_u8* end,
                                               nlb_u32 offset, struct nlb_l4_desc* desc) {
    const struct nlb_icmp* icmp;
    if (offset > NLB_LONGEST_L4_OFFSET ||
        offset + sizeof(*icmp) > (nlb_u32)desc->l3_offset + desc->length)
        return NLB_PARSED_BAD_TRANSPORT;
    NLB_PULL(icmp, begin, offset, end, NLB_PARSED_BAD_TRANSPORT);
    if (desc->key.family == 4) {
        if (icmp->type != NLB_ICMP_UNREACHABLE) return NLB_PARSED_ICMP_OTHER;
    } else {
        if (nlb_is_neighbor_discovery(icmp->type)) return NLB_PARSED_NEIGHBOR_DISCOVERY;
        if (icmp->type != NLB_ICMPV6_UNREACHABLE && icmp->type != NLB_ICMPV6_TOO_BIG)
            return NLB_PARSED_ICMP_OTHER;
    }
    return nlb_parse_quoted(begin, end, offset + (nlb_u32)sizeof(*icmp), desc);
}

NLB_C_TEXT_END

#endif
