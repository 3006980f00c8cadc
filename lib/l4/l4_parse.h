/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * Bytes of an Ethernet frame to nlb_l4_desc. Never reads at or past `end`; a header is looked at
 * only after NLB_PULL said that it is there. Payload may be missing (captures keep the first bytes
 * of a frame only); headers may not.
 */
#ifndef NLB_L4_PARSE_H
#define NLB_L4_PARSE_H

#include "l4_parse_icmp.h"

NLB_C_TEXT_BEGIN

/* Offset of the layer-3 header and the IP version into `desc`. */
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
    if (type == NLB_ETHERTYPE_IPV4) desc->key.family = 4;
    if (type == NLB_ETHERTYPE_IPV6) desc->key.family = 6;
    return desc->key.family != 0 ? NLB_PARSED_TRANSPORT : NLB_PARSED_NOT_IP;
}

/* Both ports at once, as the flow key reads them. */
NLB_INLINE void nlb_load_ports(const nlb_u8* bytes, struct nlb_tuple* key) {
    nlb_store32((nlb_u8*)&key->source_port_be, nlb_load32(bytes));
}

/* `length`: bytes of header and payload by the IP header's word. */
NLB_INLINE enum nlb_l4_parsed nlb_parse_tcp(const nlb_u8* begin, const nlb_u8* end, nlb_u32 offset,
                                            nlb_u32 length, struct nlb_l4_desc* desc) {
    const struct nlb_tcp* tcp;
    nlb_u32 header_length;
    NLB_PULL(tcp, begin, offset, end, NLB_PARSED_BAD_TRANSPORT);
    header_length = ((nlb_u32)tcp->data_offset >> 4U) * 4U;
    if (header_length < sizeof(*tcp) || header_length > length) return NLB_PARSED_BAD_TRANSPORT;
    nlb_load_ports(tcp->source_port, &desc->key);
    desc->sequence = nlb_ntoh32(nlb_load32(tcp->sequence));
    desc->acknowledgment = nlb_ntoh32(nlb_load32(tcp->acknowledgment));
    desc->tcp_flags = tcp->flags;
    desc->segment_length = length - header_length;
    if ((tcp->flags & NLB_TCP_SYN) != 0) desc->segment_length += 1U;
    if ((tcp->flags & NLB_TCP_FIN) != 0) desc->segment_length += 1U;
    return NLB_PARSED_TRANSPORT;
}

NLB_INLINE enum nlb_l4_parsed nlb_parse_udp(const nlb_u8* begin, const nlb_u8* end, nlb_u32 offset,
                                            nlb_u32 length, struct nlb_l4_desc* desc) {
    const struct nlb_udp* udp;
    NLB_PULL(udp, begin, offset, end, NLB_PARSED_BAD_TRANSPORT);
    if (length < sizeof(*udp)) return NLB_PARSED_BAD_TRANSPORT;
    nlb_load_ports(udp->source_port, &desc->key);
    return NLB_PARSED_TRANSPORT;
}

NLB_INLINE enum nlb_l4_parsed nlb_parse_transport(const nlb_u8* begin, const nlb_u8* end,
                                                  nlb_u32 offset, nlb_u32 length,
                                                  struct nlb_l4_desc* desc) {
    const nlb_u8 protocol = desc->key.protocol;
    desc->outer_protocol = protocol;
    desc->l4_offset = (nlb_u16)offset;
    if ((desc->flags & NLB_DESC_LATER_FRAGMENT) != 0) return NLB_PARSED_LATER_FRAGMENT;
    if (protocol == NLB_PROTOCOL_TCP) return nlb_parse_tcp(begin, end, offset, length, desc);
    if (protocol == NLB_PROTOCOL_UDP) return nlb_parse_udp(begin, end, offset, length, desc);
    if (protocol == (desc->key.family == 4 ? NLB_PROTOCOL_ICMP : NLB_PROTOCOL_ICMPV6))
        return nlb_parse_icmp(begin, end, offset, desc);
    return NLB_PARSED_OTHER_PROTOCOL;
}

/* IPv4 options are skipped, not obeyed. */
NLB_INLINE enum nlb_l4_parsed nlb_parse_ipv4(const nlb_u8* begin, const nlb_u8* end,
                                             struct nlb_l4_desc* desc) {
    const struct nlb_ipv4* ip;
    const nlb_u32 l3 = desc->l3_offset;
    nlb_u32 header_length;
    nlb_u16 fragment;
    if (l3 > NLB_LONGEST_L3_OFFSET) return NLB_PARSED_SHORT;
    NLB_PULL(ip, begin, l3, end, NLB_PARSED_SHORT);
    header_length = (ip->version_ihl & 0x0fU) * 4U;
    desc->length = nlb_ntoh16(nlb_load16(ip->total_length));
    if (ip->version_ihl >> 4U != 4U || header_length < sizeof(*ip) || desc->length < header_length)
        return NLB_PARSED_BAD_IP;
    desc->key.source_be[0] = nlb_load32(ip->source);
    desc->key.destination_be[0] = nlb_load32(ip->destination);
    desc->key.protocol = ip->protocol;
    desc->ttl = ip->ttl;
    fragment = nlb_ntoh16(nlb_load16(ip->fragment));
    if ((fragment & NLB_IPV4_DF) != 0) desc->flags |= NLB_DESC_MAY_NOT_SPLIT;
    if ((fragment & (NLB_IPV4_MF | NLB_IPV4_OFFSET)) != 0) {
        desc->flags |=
            (fragment & NLB_IPV4_OFFSET) != 0 ? NLB_DESC_LATER_FRAGMENT : NLB_DESC_FIRST_FRAGMENT;
        desc->fragment_id = nlb_load16(ip->id);
    }
    return nlb_parse_transport(begin, end, l3 + header_length, desc->length - header_length, desc);
}

NLB_INLINE enum nlb_l4_parsed nlb_parse_fragment6(const struct nlb_ipv6_fragment* header,
                                                  struct nlb_l4_desc* desc) {
    const nlb_u16 offset = nlb_ntoh16(nlb_load16(header->offset));
    if ((desc->flags & (NLB_DESC_FIRST_FRAGMENT | NLB_DESC_LATER_FRAGMENT)) != 0)
        return NLB_PARSED_BAD_IP;                             /* fragments of fragments */
    if ((offset & 0xfff9U) == 0) return NLB_PARSED_TRANSPORT; /* all of it [RFC 6946] */
    desc->fragment_id = nlb_load32(header->id);
    desc->flags |= (offset & 0xfff8U) != 0 ? NLB_DESC_LATER_FRAGMENT : NLB_DESC_FIRST_FRAGMENT;
    return NLB_PARSED_TRANSPORT;
}

NLB_INLINE int nlb_is_extension(nlb_u8 next) {
    return next == NLB_IPV6_HOP_BY_HOP || next == NLB_IPV6_ROUTING || next == NLB_IPV6_FRAGMENT ||
           next == NLB_IPV6_DESTINATION;
}

/* Of a routing header the fourth byte says how many stops are left. With some, this is not where
 * the packet ends, and its transport checksum is about another address [RFC 8200 4.4, 8.1]. */
NLB_INLINE int nlb_goes_further(nlb_u8 type, const struct nlb_ipv6_fragment* header) {
    return type == NLB_IPV6_ROUTING && header->offset[1] != 0;
}

/* Offset and protocol of the header after the extension headers; a bounded chain. */
NLB_NOINLINE enum nlb_l4_parsed nlb_parse_extensions(const nlb_u8* begin, const nlb_u8* end,
                                                     struct nlb_l4_desc* desc) {
    nlb_u32 offset = desc->l4_offset;
    nlb_u8 next = desc->key.protocol;
    for (int i = 0; i < NLB_MOST_EXTENSIONS; ++i) {
        const struct nlb_ipv6_fragment* header; /* the others begin with the same byte */
        if (!nlb_is_extension(next)) break;
        if (offset > NLB_LONGEST_L4_OFFSET) return NLB_PARSED_TOO_MANY_EXTENSIONS;
        NLB_PULL(header, begin, offset, end, NLB_PARSED_SHORT);
        if (nlb_goes_further(next, header)) return NLB_PARSED_OTHER_PROTOCOL;
        if (next == NLB_IPV6_FRAGMENT) {
            const enum nlb_l4_parsed parsed = nlb_parse_fragment6(header, desc);
            if (parsed != NLB_PARSED_TRANSPORT) return parsed;
            offset += (nlb_u32)sizeof(*header);
        } else {
            offset += ((nlb_u32)header->reserved + 1U) * 8U; /* there the length */
        }
        next = header->next_header;
        if ((desc->flags & NLB_DESC_LATER_FRAGMENT) != 0) break;
    }
    if ((desc->flags & NLB_DESC_LATER_FRAGMENT) == 0 &&
        (nlb_is_extension(next) || offset > NLB_LONGEST_L4_OFFSET))
        return NLB_PARSED_TOO_MANY_EXTENSIONS;
    desc->key.protocol = next;
    desc->l4_offset = (nlb_u16)offset;
    return NLB_PARSED_TRANSPORT;
}

NLB_NOINLINE enum nlb_l4_parsed nlb_parse_ipv6(const nlb_u8* begin, const nlb_u8* end,
                                               struct nlb_l4_desc* desc) {
    const struct nlb_ipv6* ip;
    const nlb_u32 l3 = desc->l3_offset;
    enum nlb_l4_parsed parsed;
    nlb_u32 payload_length;
    nlb_u32 extensions;
    if (l3 > NLB_LONGEST_L3_OFFSET) return NLB_PARSED_SHORT;
    NLB_PULL(ip, begin, l3, end, NLB_PARSED_SHORT);
    if (ip->version_class_flow[0] >> 4U != 6U) return NLB_PARSED_BAD_IP;
    payload_length = nlb_ntoh16(nlb_load16(ip->payload_length));
    desc->length = (nlb_u16)(payload_length > 0xffffU - sizeof(*ip)
                                 ? 0xffffU
                                 : payload_length + sizeof(*ip)); /* as near as 16 bits come */
    nlb_load_address(ip->source, desc->key.source_be);
    nlb_load_address(ip->destination, desc->key.destination_be);
    desc->key.protocol = ip->next_header;
    desc->ttl = ip->hop_limit;
    desc->flags |= NLB_DESC_MAY_NOT_SPLIT;
    desc->l4_offset = (nlb_u16)(l3 + sizeof(*ip));
    if (nlb_is_extension(ip->next_header)) {
        parsed = nlb_parse_extensions(begin, end, desc);
        if (parsed != NLB_PARSED_TRANSPORT) return parsed;
    }
    extensions = desc->l4_offset - l3 - (nlb_u32)sizeof(*ip);
    if (desc->l4_offset > NLB_LONGEST_L4_OFFSET) return NLB_PARSED_TOO_MANY_EXTENSIONS;
    if (extensions > payload_length) return NLB_PARSED_BAD_IP;
    return nlb_parse_transport(begin, end, desc->l4_offset, payload_length - extensions, desc);
}

/* `desc` is zeroed first. What most packets need is inlined, what few need is called. */
NLB_INLINE enum nlb_l4_parsed nlb_l4_parse(const nlb_u8* begin, const nlb_u8* end,
                                           struct nlb_l4_desc* desc) {
    enum nlb_l4_parsed parsed;
    __builtin_memset(desc, 0, sizeof(*desc));
    parsed = nlb_parse_link(begin, end, desc);
    if (parsed != NLB_PARSED_TRANSPORT) return parsed;
    return desc->key.family == 4 ? nlb_parse_ipv4(begin, end, desc)
                                 : nlb_parse_ipv6(begin, end, desc);
}

NLB_C_TEXT_END

#endif
