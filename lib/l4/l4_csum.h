/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The Internet checksum [RFC 1071] and its incremental update [RFC 1624 eqn. 3]. Sums are ones'
 * complement sums of 32 bits; 16-bit words count in the order they have in memory, which the sum
 * does not depend on [RFC 1071 2(B)].
 */
#ifndef NLB_L4_CSUM_H
#define NLB_L4_CSUM_H

#include "l4_wire.h"

NLB_C_TEXT_BEGIN

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

/* `length` is a constant, and too short for a carry: a branch a word would be more than the
 * verifier of Linux 6.1 follows. */
NLB_INLINE nlb_u32 nlb_sum_words(const nlb_u8* bytes, nlb_u32 length) {
    nlb_u32 sum = 0;
    for (nlb_u32 i = 0; i < length; i += 2)
        sum += nlb_load16(bytes + i);
    return sum;
}

NLB_INLINE nlb_u32 nlb_sum_address(nlb_u32 sum, const nlb_u32* address_be, int v6) {
    sum = nlb_sum_add(sum, address_be[0]);
    if (!v6) return sum;
    sum = nlb_sum_add(sum, address_be[1]);
    sum = nlb_sum_add(sum, address_be[2]);
    return nlb_sum_add(sum, address_be[3]);
}

/* Of the pseudo-header [RFC 9293 3.1, RFC 8200 8.1]; `length` of transport header and payload. */
NLB_INLINE nlb_u32 nlb_sum_pseudo(const nlb_u32* source_be, const nlb_u32* destination_be,
                                  nlb_u8 protocol, nlb_u16 length, int v6) {
    nlb_u32 sum = nlb_sum_address(nlb_sum_address(0, source_be, v6), destination_be, v6);
    return nlb_sum_add(nlb_sum_add(sum, nlb_hton16(protocol)), nlb_hton16(length));
}

NLB_C_TEXT_END

#endif
