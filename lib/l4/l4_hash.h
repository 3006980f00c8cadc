/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The flow hash [guide, Network Load Balancer overview]: protocol, source and destination address
 * and port and, for TCP, the sequence number of the SYN. Every datapath uses it, so all choose the
 * same target. It is specified here well enough to be written again from this text:
 *
 *   All arithmetic is modulo 2^64. mix(x):
 *       x ^= x >> 30;  x *= 0xbf58476d1ce4e5b9;
 *       x ^= x >> 27;  x *= 0x94d049bb133111eb;
 *       x ^= x >> 31
 *   (the SplitMix64 finaliser: bijective, every input bit flips each output bit with a chance
 *   close to one half).
 *   Start with h = mix(0x9e3779b97f4a7c15 + 256 * F + P), F = 4 or 6 (IP version), P = protocol.
 *   Then for each 64-bit word w in order: h = mix(h + w). The words are big-endian numbers:
 *     IPv4  1. source address * 2^32 + destination address
 *     IPv6  1. 2. source address, high half, low half; 3. 4. destination address likewise
 *     both  last: source port * 2^48 + destination port * 2^32 + sequence number
 *   Sticky: only the source address counts. The IPv4 word is source address * 2^32; of the IPv6
 *   words only 1 and 2 remain; the last word is left out.
 *   The hash is h >> 32. The slot of a ring of n slots is hash mod n.
 */
#ifndef NLB_L4_HASH_H
#define NLB_L4_HASH_H

#include "l4_abi.h"

NLB_C_TEXT_BEGIN

NLB_INLINE nlb_u64 nlb_mix64(nlb_u64 x) {
    x ^= x >> 30U;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 27U;
    x *= 0x94d049bb133111ebULL;
    return x ^ (x >> 31U);
}

NLB_INLINE nlb_u64 nlb_hash_start(nlb_u64 version, nlb_u8 protocol) {
    return nlb_mix64(0x9e3779b97f4a7c15ULL + 256U * version + protocol);
}

NLB_INLINE nlb_u64 nlb_hash_last_word(nlb_u16 source_port_be, nlb_u16 destination_port_be,
                                      nlb_u32 sequence) {
    return ((nlb_u64)nlb_ntoh16(source_port_be) << 48U) |
           ((nlb_u64)nlb_ntoh16(destination_port_be) << 32U) | sequence;
}

NLB_INLINE nlb_u64 nlb_word_be(const nlb_u32* address_be) {
    return (nlb_u64)nlb_ntoh32(address_be[0]) << 32U | nlb_ntoh32(address_be[1]);
}

NLB_INLINE nlb_u32 nlb_hash4(const struct nlb_tuple* key, nlb_u64 last_word, nlb_u32 sticky) {
    nlb_u64 word = (nlb_u64)nlb_ntoh32(key->source_be[0]) << 32U;
    nlb_u64 h = nlb_hash_start(4, key->protocol);
    if (sticky != 0) return (nlb_u32)(nlb_mix64(h + word) >> 32U);
    h = nlb_mix64(h + (word | nlb_ntoh32(key->destination_be[0])));
    return (nlb_u32)(nlb_mix64(h + last_word) >> 32U);
}

NLB_INLINE nlb_u32 nlb_hash6(const struct nlb_tuple* key, nlb_u64 last_word, nlb_u32 sticky) {
    nlb_u64 h = nlb_hash_start(6, key->protocol);
    h = nlb_mix64(h + nlb_word_be(key->source_be));
    h = nlb_mix64(h + nlb_word_be(key->source_be + 2));
    if (sticky != 0) return (nlb_u32)(h >> 32U);
    h = nlb_mix64(h + nlb_word_be(key->destination_be));
    h = nlb_mix64(h + nlb_word_be(key->destination_be + 2));
    return (nlb_u32)(nlb_mix64(h + last_word) >> 32U);
}

/* `sequence`: of the SYN, 0 when there is none (UDP). `sticky`: not 0 when the source decides. */
NLB_INLINE nlb_u32 nlb_flow_hash(const struct nlb_tuple* key, nlb_u32 sequence, nlb_u32 sticky,
                                 int v6) {
    const nlb_u64 last =
        nlb_hash_last_word(key->source_port_be, key->destination_port_be, sequence);
    return v6 ? nlb_hash6(key, last, sticky) : nlb_hash4(key, last, sticky);
}

/* `ring_size` is not 0. */
NLB_INLINE nlb_u32 nlb_ring_position(nlb_u32 hash, nlb_u32 ring_size) {
    return hash % ring_size;
}

NLB_C_TEXT_END

#endif
