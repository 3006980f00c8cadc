/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * Changing bytes of a frame: addresses and ports with incremental checksums [RFC 1624 eqn. 3], and
 * a frame turned into the RST that answers it [RFC 9293 3.10.7.1]. The layer-4 checksum belongs to
 * a port, because in the kernel it may not be in the packet yet; the port is called last, since
 * the kernel's helper voids packet pointers.
 */
#ifndef NLB_L4_REWRITE_H
#define NLB_L4_REWRITE_H

#include "l4_parse.h"

NLB_C_TEXT_BEGIN

struct nlb_world;

/* Ports used here; l4_core.h says what each promises. */
static nlb_u32 nlb_port_l4_csum(struct nlb_world* world, nlb_u32 offset, nlb_u32 address_sum,
                                nlb_u32 other_sum);

#define NLB_RESET_LENGTH 40U /* IPv4 and TCP header */
#define NLB_RESET_TTL 64U

NLB_INLINE void nlb_store16(nlb_u8* bytes, nlb_u16 value) {
    __builtin_memcpy(bytes, &value, 2);
}

NLB_INLINE void nlb_store32(nlb_u8* bytes, nlb_u32 value) {
    __builtin_memcpy(bytes, &value, 4);
}

/* Ones' complement sum of 32 bits; 16-bit words count in the order they have in memory, which the
 * sum does not depend on [RFC 1071 2(B)]. */
NLB_INLINE nlb_u32 nlb_sum_add(nlb_u32 sum, nlb_u32 value) {
    sum += value;
    return sum + (nlb_u32)(sum < value);
}

NLB_INLINE nlb_u32 nlb_sum_difference(nlb_u32 sum, nlb_u32 old_value, nlb_u32 new_value) {
    return nlb_sum_add(nlb_sum_add(sum, ~old_value), new_value);
}

/* The same of a 16-bit field: its complement is one of 16 bits. */
NLB_INLINE nlb_u32 nlb_sum_difference16(nlb_u32 sum, nlb_u16 old_value, nlb_u16 new_value) {
    return nlb_sum_add(nlb_sum_add(sum, (nlb_u32)old_value ^ 0xffffU), new_value);
}

NLB_INLINE nlb_u16 nlb_sum_fold(nlb_u32 sum) {
    sum = (sum & 0xffffU) + (sum >> 16U);
    sum = (sum & 0xffffU) + (sum >> 16U);
    return (nlb_u16)~sum;
}

/* The checksum field after the words under it changed by `sum`. All 32 bits are complemented, as
 * the kernel does: the sum is then never +0, and no engine writes 0xffff where another writes 0. */
NLB_INLINE nlb_u16 nlb_csum_update(nlb_u16 checksum, nlb_u32 sum) {
    return nlb_sum_fold(nlb_sum_add(sum, ~(nlb_u32)checksum));
}

/* The offsets of `desc` again, inside bounds a reader of this function can see (the kernel's
 * verifier is one), with both headers in the frame. */
NLB_INLINE int nlb_headers_at(const nlb_u8* begin, const nlb_u8* end,
                              const struct nlb_l4_desc* desc, struct nlb_ipv4** ip,
                              struct nlb_tcp** tcp) {
    const nlb_u32 l3 = desc->l3_offset;
    const nlb_u32 l4 = desc->l4_offset;
    if (l3 > NLB_LONGEST_L3_OFFSET || l4 > NLB_LONGEST_L4_OFFSET) return 0;
    if (begin + l3 + sizeof(**ip) > end || begin + l4 + sizeof(**tcp) > end) return 0;
    *ip = (struct nlb_ipv4*)(begin + l3);
    *tcp = (struct nlb_tcp*)(begin + l4);
    return 1;
}

/* Writes the 5-tuple `becomes`. Not 0: the frame is as it was and must not go on. */
NLB_NOINLINE nlb_u32 nlb_l4_rewrite(struct nlb_world* world, nlb_u8* begin, nlb_u8* end,
                                    const struct nlb_l4_desc* desc,
                                    const struct nlb_flow_key* becomes) {
    struct nlb_ipv4* ip;
    struct nlb_tcp* tcp;
    nlb_u32 addresses = 0;
    nlb_u32 ports = 0;
    if (!nlb_headers_at(begin, end, desc, &ip, &tcp)) return 1;
    addresses = nlb_sum_difference(addresses, desc->key.source_be, becomes->source_be);
    addresses = nlb_sum_difference(addresses, desc->key.destination_be, becomes->destination_be);
    ports = nlb_sum_difference16(ports, desc->key.source_port_be, becomes->source_port_be);
    ports =
        nlb_sum_difference16(ports, desc->key.destination_port_be, becomes->destination_port_be);
    nlb_store32(ip->source, becomes->source_be);
    nlb_store32(ip->destination, becomes->destination_be);
    nlb_store16(ip->checksum, nlb_csum_update(nlb_load16(ip->checksum), addresses));
    nlb_store16(tcp->source_port, becomes->source_port_be);
    nlb_store16(tcp->destination_port, becomes->destination_port_be);
    return nlb_port_l4_csum(world, desc->l4_offset + 16U, addresses, ports);
}

NLB_INLINE nlb_u32 nlb_sum_words(const nlb_u8* bytes, nlb_u32 length) {
    nlb_u32 sum = 0;
    for (nlb_u32 i = 0; i < length; i += 2)
        sum = nlb_sum_add(sum, nlb_load16(bytes + i));
    return sum;
}

NLB_INLINE void nlb_swap_macs(struct nlb_ethernet* ethernet) {
    nlb_u8 kept[6];
    __builtin_memcpy(kept, ethernet->destination, 6);
    __builtin_memcpy(ethernet->destination, ethernet->source, 6);
    __builtin_memcpy(ethernet->source, kept, 6);
}

/* Sequence and acknowledgment so that the sender of the segment accepts the RST: after an ACK its
 * acknowledgment is our sequence number; otherwise ours is 0 and we acknowledge the segment. */
NLB_INLINE void nlb_fill_reset_tcp(struct nlb_tcp* tcp, const struct nlb_l4_desc* desc) {
    __builtin_memset(tcp, 0, sizeof(*tcp));
    nlb_store16(tcp->source_port, desc->key.destination_port_be);
    nlb_store16(tcp->destination_port, desc->key.source_port_be);
    tcp->data_offset = 5U << 4U;
    tcp->flags = NLB_TCP_RST;
    if ((desc->tcp_flags & NLB_TCP_ACK) != 0) {
        nlb_store32(tcp->sequence, nlb_hton32(desc->acknowledgment));
    } else {
        tcp->flags |= NLB_TCP_ACK;
        nlb_store32(tcp->acknowledgment, nlb_hton32(desc->sequence + desc->segment_length));
    }
}

NLB_INLINE void nlb_fill_reset_ip(struct nlb_ipv4* ip, const struct nlb_l4_desc* desc) {
    __builtin_memset(ip, 0, sizeof(*ip));
    ip->version_ihl = 0x45;
    nlb_store16(ip->total_length, nlb_hton16(NLB_RESET_LENGTH));
    ip->fragment[0] = 0x40; /* don't fragment */
    ip->ttl = NLB_RESET_TTL;
    ip->protocol = NLB_PROTOCOL_TCP;
    nlb_store32(ip->source, desc->key.destination_be);
    nlb_store32(ip->destination, desc->key.source_be);
    nlb_store16(ip->checksum, nlb_sum_fold(nlb_sum_words((const nlb_u8*)ip, sizeof(*ip))));
}

/* Turns the frame around: link addresses swapped, headers without options, no payload. The frame
 * has been cut to l3_offset + NLB_RESET_LENGTH. Not 0: it must not go out. */
NLB_NOINLINE nlb_u32 nlb_l4_write_reset(struct nlb_world* world, nlb_u8* begin, nlb_u8* end,
                                        const struct nlb_l4_desc* desc) {
    const nlb_u32 l3 = desc->l3_offset;
    const nlb_u32 l4 = l3 + (nlb_u32)sizeof(struct nlb_ipv4);
    struct nlb_ipv4* ip;
    struct nlb_tcp* tcp;
    nlb_u32 pseudo = 0;
    nlb_u32 header;
    if (begin + sizeof(struct nlb_ethernet) > end) return 1;
    if (l3 > NLB_LONGEST_L3_OFFSET || begin + l3 + NLB_RESET_LENGTH > end) return 1;
    ip = (struct nlb_ipv4*)(begin + l3);
    tcp = (struct nlb_tcp*)(begin + l3 + sizeof(*ip));
    nlb_swap_macs((struct nlb_ethernet*)begin);
    nlb_fill_reset_ip(ip, desc);
    nlb_fill_reset_tcp(tcp, desc);
    header = nlb_sum_words((const nlb_u8*)tcp, sizeof(*tcp));
    pseudo = nlb_sum_add(pseudo, desc->key.source_be);
    pseudo = nlb_sum_add(pseudo, desc->key.destination_be);
    pseudo = nlb_sum_add(pseudo, nlb_hton16(NLB_PROTOCOL_TCP));
    pseudo = nlb_sum_add(pseudo, nlb_hton16(sizeof(*tcp)));
    /* The checksum of nothing; the port adds the pseudo-header and, unless the kernel will do it
     * later, the header. */
    nlb_store16(tcp->checksum, 0xffffU);
    return nlb_port_l4_csum(world, l4 + 16U, pseudo, header);
}

NLB_C_TEXT_END

#endif
