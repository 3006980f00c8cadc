/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The ends of packets and of flows: keys, the addresses and ports that packets get, and the key of
 * the other direction. Needs no port, so that whoever reads a flow table reads it alike. `v6` is a
 * constant wherever these functions are inlined.
 */
#ifndef NLB_L4_ENDS_H
#define NLB_L4_ENDS_H

#include "l4_abi.h"

NLB_C_TEXT_BEGIN

/* The key of an IPv4 direction, in the words that it is compared by: a processor waits where it
 * reads in one piece what was written in several. */
NLB_INLINE void nlb_key4(const struct nlb_tuple* tuple, struct nlb_flow_key* key) {
    nlb_word64* words = (nlb_word64*)key;
    const nlb_u32 ports = *(const nlb_word32*)&tuple->source_port_be;
    words[0] = nlb_two32(tuple->source_be[0], tuple->destination_be[0]);
    words[1] = nlb_two32(ports, nlb_hton32((nlb_u32)tuple->protocol << 24U));
}

NLB_INLINE void nlb_tuple4(const struct nlb_flow_key* key, struct nlb_tuple* tuple) {
    __builtin_memset(tuple, 0, sizeof(*tuple));
    tuple->source_be[0] = key->source_be;
    tuple->destination_be[0] = key->destination_be;
    tuple->source_port_be = key->source_port_be;
    tuple->destination_port_be = key->destination_port_be;
    tuple->protocol = key->protocol;
    tuple->family = 4;
}

NLB_INLINE void nlb_copy_address(const nlb_u32* from, nlb_u32* to, int v6) {
    to[0] = from[0];
    to[1] = v6 ? from[1] : 0;
    to[2] = v6 ? from[2] : 0;
    to[3] = v6 ? from[3] : 0;
}

NLB_INLINE int nlb_same_address(const nlb_u32* a, const nlb_u32* b, int v6) {
    if (a[0] != b[0]) return 0;
    return !v6 || (a[1] == b[1] && a[2] == b[2] && a[3] == b[3]);
}

NLB_INLINE void nlb_swap_ends(const struct nlb_tuple* tuple, struct nlb_tuple* swapped, int v6) {
    nlb_copy_address(tuple->destination_be, swapped->source_be, v6);
    nlb_copy_address(tuple->source_be, swapped->destination_be, v6);
    swapped->source_port_be = tuple->destination_port_be;
    swapped->destination_port_be = tuple->source_port_be;
    swapped->protocol = tuple->protocol;
    swapped->family = tuple->family;
    swapped->zero[0] = swapped->zero[1] = 0;
}

/* The addresses that packets of `flow`'s direction get. */
NLB_INLINE const nlb_u32* nlb_flow_source(const struct nlb_flow* flow, int v6) {
    return v6 ? ((const struct nlb_flow6*)flow)->source_be
              : &((const struct nlb_flow4*)flow)->source_be;
}

NLB_INLINE const nlb_u32* nlb_flow_destination(const struct nlb_flow* flow, int v6) {
    return v6 ? ((const struct nlb_flow6*)flow)->destination_be
              : &((const struct nlb_flow4*)flow)->destination_be;
}

NLB_INLINE void nlb_set_ends(const nlb_u32* source, const nlb_u32* destination, nlb_u8 protocol,
                             int v6, struct nlb_tuple* out) {
    nlb_copy_address(source, out->source_be, v6);
    nlb_copy_address(destination, out->destination_be, v6);
    out->protocol = protocol;
    out->family = v6 ? 6 : 4;
    out->zero[0] = out->zero[1] = 0;
}

/* What a packet of `flow`'s direction becomes. */
NLB_INLINE void nlb_flow_becomes(const struct nlb_flow* flow, nlb_u8 protocol, int v6,
                                 struct nlb_tuple* out) {
    nlb_set_ends(nlb_flow_source(flow, v6), nlb_flow_destination(flow, v6), protocol, v6, out);
    out->source_port_be = flow->source_port_be;
    out->destination_port_be = flow->destination_port_be;
}

/* The packet that answers what a packet of `flow`'s direction becomes: the key of the other one. */
NLB_INLINE void nlb_flow_other_key(const struct nlb_flow* flow, nlb_u8 protocol, int v6,
                                   struct nlb_tuple* out) {
    nlb_set_ends(nlb_flow_destination(flow, v6), nlb_flow_source(flow, v6), protocol, v6, out);
    out->source_port_be = flow->destination_port_be;
    out->destination_port_be = flow->source_port_be;
}

/* Is `key` the key of the other direction? */
NLB_INLINE int nlb_flow_has_other(const struct nlb_flow* flow, const struct nlb_tuple* key,
                                  int v6) {
    return flow->source_port_be == key->destination_port_be &&
           flow->destination_port_be == key->source_port_be &&
           nlb_same_address(nlb_flow_source(flow, v6), key->destination_be, v6) &&
           nlb_same_address(nlb_flow_destination(flow, v6), key->source_be, v6);
}

/* The whole value of a direction whose packets become `becomes`; `value` has room for both kinds.
 */
NLB_INLINE void nlb_flow_fill(struct nlb_flow6* value, const struct nlb_flow* flow,
                              const struct nlb_tuple* becomes, int v6) {
    value->flow = *flow;
    value->flow.source_port_be = becomes->source_port_be;
    value->flow.destination_port_be = becomes->destination_port_be;
    if (v6) {
        nlb_copy_address(becomes->source_be, value->source_be, 1);
        nlb_copy_address(becomes->destination_be, value->destination_be, 1);
    } else {
        struct nlb_flow4* value4 = (struct nlb_flow4*)value;
        value4->source_be = becomes->source_be[0];
        value4->destination_be = becomes->destination_be[0];
    }
}

NLB_C_TEXT_END

#endif
