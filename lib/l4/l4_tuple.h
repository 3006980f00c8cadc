/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * A description without a packet: for a connection that arrived through accept().
 */
#ifndef NLB_L4_TUPLE_H
#define NLB_L4_TUPLE_H

#include "l4_abi.h"

/* Fills `desc` as the SYN of a TCP connection, or as a datagram. `sequence` in host order, from
 * TCP_SAVED_SYN, 0 only when the kernel has none (SYN cookies). */
NLB_INLINE void nlb_l4_desc_from_tuple(const struct nlb_tuple* tuple, nlb_u32 sequence,
                                       struct nlb_l4_desc* desc) {
    __builtin_memset(desc, 0, sizeof(*desc));
    desc->key = *tuple;
    desc->outer_protocol = tuple->protocol;
    if (tuple->protocol != NLB_PROTOCOL_TCP) return;
    desc->sequence = sequence;
    desc->segment_length = 1;
    desc->tcp_flags = NLB_TCP_SYN;
}

#endif
