/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * A description without a packet: for a connection that arrived through accept().
 */
#ifndef NLB_L4_TUPLE_H
#define NLB_L4_TUPLE_H

#include "l4_abi.h"

/* Fills `desc` as the SYN of a TCP connection. Addresses and ports in network order; `sequence` in
 * host order, from TCP_SAVED_SYN, 0 only when the kernel has none (SYN cookies). */
NLB_INLINE void nlb_l4_desc_from_tuple(nlb_u32 client_be, nlb_u16 client_port_be,
                                       nlb_u32 destination_be, nlb_u16 destination_port_be,
                                       nlb_u32 sequence, struct nlb_l4_desc* desc) {
    __builtin_memset(desc, 0, sizeof(*desc));
    desc->key.source_be = client_be;
    desc->key.destination_be = destination_be;
    desc->key.source_port_be = client_port_be;
    desc->key.destination_port_be = destination_port_be;
    desc->key.protocol = NLB_PROTOCOL_TCP;
    desc->sequence = sequence;
    desc->segment_length = 1;
    desc->tcp_flags = NLB_TCP_SYN;
}

#endif
