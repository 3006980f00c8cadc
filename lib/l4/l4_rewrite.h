/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * Forwarding changes bytes of a frame: addresses, ports, hop count and the checksums over them,
 * also in the packet that an ICMP error quotes. The layer-4 checksum belongs to a port, because in
 * the kernel it may not be in the packet yet; the port is called last, since the kernel's helper
 * voids packet pointers.
 */
#ifndef NLB_L4_REWRITE_H
#define NLB_L4_REWRITE_H

#include "l4_csum.h"
#include "l4_flow.h"

NLB_C_TEXT_BEGIN

struct nlb_world;

/* Ports used here; l4_core.h says what each promises. */
static nlb_u8* nlb_port_begin(struct nlb_world* world);
static nlb_u8* nlb_port_end(struct nlb_world* world);
static nlb_u32 nlb_port_l4_csum(struct nlb_world* world, nlb_u32 offset, nlb_u8 protocol,
                                nlb_u32 address_sum, nlb_u32 other_sum);

/* An address, and how the sum over it changed. */
NLB_INLINE nlb_u32 nlb_write_address(nlb_u8* bytes, const nlb_u32* address_be, nlb_u32 sum,
                                     int v6) {
    sum = nlb_sum_difference(sum, nlb_load32(bytes), address_be[0]);
    nlb_store32(bytes, address_be[0]);
    for (nlb_u32 i = 1; v6 && i < 4; ++i) {
        sum = nlb_sum_difference(sum, nlb_load32(bytes + 4 * i), address_be[i]);
        nlb_store32(bytes + 4 * i, address_be[i]);
    }
    return sum;
}

/* Addresses and checksum of an IPv4 header; returns how the sum over the addresses changed. */
NLB_INLINE nlb_u32 nlb_write_ipv4(struct nlb_ipv4* ip, const nlb_u32* source_be,
                                  const nlb_u32* destination_be) {
    nlb_u32 sum = nlb_write_address(ip->source, source_be, 0, 0);
    sum = nlb_write_address(ip->destination, destination_be, sum, 0);
    nlb_store16(ip->checksum, nlb_csum_update(nlb_load16(ip->checksum), sum));
    return sum;
}

/* One hop less to go [RFC 1812 5.3.1]. */
NLB_INLINE void nlb_count_hop(struct nlb_ipv4* ip) {
    const nlb_u16 was = nlb_load16(&ip->ttl); /* and protocol: a word of the checksum */
    const nlb_u16 is = nlb_hton16((nlb_u16)(nlb_ntoh16(was) - 0x100U));
    nlb_store16(&ip->ttl, is);
    nlb_store16(ip->checksum,
                nlb_csum_update(nlb_load16(ip->checksum), nlb_sum_difference16(0, was, is)));
}

/* The IP header at l3_offset gets the ends of `becomes`. Not 0: it is not there. */
NLB_INLINE nlb_u32 nlb_rewrite_ip(nlb_u8* begin, nlb_u8* end, nlb_u32 l3,
                                  const struct nlb_tuple* becomes, nlb_u32* address_sum, int v6) {
    if (l3 > NLB_LONGEST_L3_OFFSET) return 1;
    if (v6) {
        struct nlb_ipv6* ip = (struct nlb_ipv6*)(begin + l3);
        nlb_u32 sum;
        if (begin + l3 + sizeof(*ip) > end) return 1;
        sum = nlb_write_address(ip->source, becomes->source_be, 0, 1);
        *address_sum = nlb_write_address(ip->destination, becomes->destination_be, sum, 1);
        ip->hop_limit -= 1;
    } else {
        struct nlb_ipv4* ip = (struct nlb_ipv4*)(begin + l3);
        if (begin + l3 + sizeof(*ip) > end) return 1;
        *address_sum = nlb_write_ipv4(ip, becomes->source_be, becomes->destination_be);
        nlb_count_hop(ip);
    }
    return 0;
}

/* Source and destination port at `offset`; returns how the sum over them changed. */
NLB_INLINE nlb_u32 nlb_write_ports(nlb_u8* ports, nlb_u16 source_be, nlb_u16 destination_be) {
    nlb_u32 sum = nlb_sum_difference16(0, nlb_load16(ports), source_be);
    sum = nlb_sum_difference16(sum, nlb_load16(ports + 2), destination_be);
    nlb_store16(ports, source_be);
    nlb_store16(ports + 2, destination_be);
    return sum;
}

NLB_INLINE nlb_u32 nlb_csum_offset(nlb_u8 protocol) {
    return protocol == NLB_PROTOCOL_TCP ? NLB_TCP_CHECKSUM_OFFSET : NLB_UDP_CHECKSUM_OFFSET;
}

/* The checksum of the quoted transport header, as far as it is quoted: not known to be right, but
 * as right as it was. Returns how the sum over it changed. */
NLB_INLINE nlb_u32 nlb_quoted_csum(nlb_u8* begin, nlb_u8* end, const struct nlb_l4_desc* desc,
                                   nlb_u32 change) {
    const nlb_u32 offset = desc->inner_l4_offset + nlb_csum_offset(desc->key.protocol);
    const nlb_u32 packet_end = (nlb_u32)desc->l3_offset + desc->length;
    nlb_u8* field = begin + offset;
    nlb_u16 was;
    nlb_u16 is;
    if (offset > NLB_LONGEST_HEADERS || field + 2 > end || offset + 2U > packet_end) return 0;
    was = nlb_load16(field);
    if (was == 0 && desc->key.protocol == NLB_PROTOCOL_UDP) return 0; /* none [RFC 768] */
    is = nlb_csum_update(was, change);
    if (is == 0 && desc->key.protocol == NLB_PROTOCOL_UDP) is = 0xffffU;
    nlb_store16(field, is);
    return nlb_sum_difference16(0, was, is);
}

/* The packet that an ICMP error quotes becomes what its sender sent: the ends of `becomes`,
 * swapped. Returns how the sum over all of it changed. */
NLB_INLINE nlb_u32 nlb_rewrite_quoted(nlb_u8* begin, nlb_u8* end, const struct nlb_l4_desc* desc,
                                      const struct nlb_tuple* becomes, nlb_u32* sum, int v6) {
    const nlb_u32 l3 = desc->l4_offset + (nlb_u32)sizeof(struct nlb_icmp);
    const nlb_u32 l4 = desc->inner_l4_offset;
    nlb_u32 addresses;
    nlb_u32 ports;
    if (l3 > NLB_LONGEST_HEADERS || l4 > NLB_LONGEST_HEADERS) return 1;
    if (begin + l4 + 4U > end) return 1;
    if (v6) {
        struct nlb_ipv6* ip = (struct nlb_ipv6*)(begin + l3);
        if (begin + l3 + sizeof(*ip) > end) return 1;
        addresses = nlb_write_address(ip->source, becomes->destination_be, 0, 1);
        addresses = nlb_write_address(ip->destination, becomes->source_be, addresses, 1);
        *sum = addresses;
    } else {
        struct nlb_ipv4* ip = (struct nlb_ipv4*)(begin + l3);
        nlb_u16 was;
        if (begin + l3 + sizeof(*ip) > end) return 1;
        was = nlb_load16(ip->checksum);
        addresses = nlb_write_ipv4(ip, becomes->destination_be, becomes->source_be);
        *sum = nlb_sum_difference16(addresses, was, nlb_load16(ip->checksum));
    }
    ports = nlb_write_ports(begin + l4, becomes->destination_port_be, becomes->source_port_be);
    *sum = nlb_sum_add(*sum, ports);
    *sum = nlb_sum_add(*sum, nlb_quoted_csum(begin, end, desc, nlb_sum_add(addresses, ports)));
    return 0;
}

/* An ICMP error goes on; `addresses` is how the sum over the outer addresses changed. */
NLB_INLINE nlb_u32 nlb_rewrite_error(struct nlb_world* world, const struct nlb_l4_work* work,
                                     nlb_u32 addresses, int v6) {
    const struct nlb_l4_desc* desc = &work->desc;
    nlb_u32 sum;
    if (nlb_rewrite_quoted(nlb_port_begin(world), nlb_port_end(world), desc, &work->verdict.becomes,
                           &sum, v6) != 0)
        return 1;
    /* Only ICMPv6 has a pseudo-header [RFC 4443 2.3]. */
    return nlb_port_l4_csum(world, desc->l4_offset + NLB_ICMP_CHECKSUM_OFFSET, desc->outer_protocol,
                            v6 ? addresses : 0, sum);
}

NLB_NOINLINE nlb_u32 nlb_rewrite_error4(struct nlb_world* world, const struct nlb_l4_work* work) {
    return nlb_rewrite_error(world, work, 0, 0);
}

NLB_NOINLINE nlb_u32 nlb_rewrite_error6(struct nlb_world* world, const struct nlb_l4_work* work,
                                        nlb_u32 addresses) {
    return nlb_rewrite_error(world, work, addresses, 1);
}

/* The frame goes on as `work->verdict.becomes`. Not 0: it must not go on. */
NLB_INLINE nlb_u32 nlb_rewrite(struct nlb_world* world, const struct nlb_l4_work* work, int v6) {
    const struct nlb_l4_desc* desc = &work->desc;
    const struct nlb_tuple* becomes = &work->verdict.becomes;
    nlb_u8* begin = nlb_port_begin(world);
    nlb_u8* end = nlb_port_end(world);
    const nlb_u32 l4 = desc->l4_offset;
    nlb_u8* ports = begin + nlb_within_headers(l4);
    nlb_u32 addresses;
    nlb_u32 sum;
    if (nlb_rewrite_ip(begin, end, desc->l3_offset, becomes, &addresses, v6) != 0) return 1;
    if ((desc->flags & NLB_DESC_LATER_FRAGMENT) != 0) return 0;
    if ((desc->flags & NLB_DESC_ICMP_ERROR) != 0)
        return v6 ? nlb_rewrite_error6(world, work, addresses) : nlb_rewrite_error4(world, work);
    if (l4 > NLB_LONGEST_L4_OFFSET || ports + sizeof(struct nlb_udp) > end) return 1;
    sum = nlb_write_ports(ports, becomes->source_port_be, becomes->destination_port_be);
    return nlb_port_l4_csum(world, l4 + nlb_csum_offset(desc->key.protocol), desc->key.protocol,
                            addresses, sum);
}

NLB_NOINLINE nlb_u32 nlb_rewrite6(struct nlb_world* world, const struct nlb_l4_work* work) {
    return nlb_rewrite(world, work, 1);
}

NLB_C_TEXT_END

#endif
