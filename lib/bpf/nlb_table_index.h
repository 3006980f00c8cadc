/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The flow table of the kernel frames. Entries lie side by side in the order they were first used,
 * and are found through an index: buckets of eight words, one cache line each, of which a key may
 * be in three. The first is in the near part of the index and is taken while it has room: few flows
 * then lie on few pages, whatever the table could hold. Nothing is called and nobody locks, where
 * the kernel's own hash map costs a call, a chain and two locks; and the loader maps the same
 * memory, so that sweeping a million flows takes no system call. As in the kernel's map, an entry
 * that is removed may be taken again while somebody still reads it.
 *
 * The including file says what `struct nlb_memory` is and where things are:
 *   nlb_memory_table(memory, v6)           its free entries
 *   nlb_memory_buckets(memory, v6)         how many there are
 *   nlb_memory_seed(memory)                of the hash; keeps others from choosing colliding keys
 *   nlb_memory_bucket(memory, number, v6)  eight words of the index; null beyond its end
 *   nlb_memory_entry(memory, number, v6)   a nlb_entry4 or nlb_entry6; null beyond the end
 */
#ifndef NLB_BPF_TABLE_INDEX_H
#define NLB_BPF_TABLE_INDEX_H

#include "bpf/nlb_table_abi.h"

#include "l4/l4_ends.h"
#include "l4/l4_hash.h"

NLB_C_TEXT_BEGIN

struct nlb_memory;
static struct nlb_table* nlb_memory_table(struct nlb_memory* memory, int v6);
static nlb_u32 nlb_memory_buckets(struct nlb_memory* memory, int v6);
static nlb_u64 nlb_memory_seed(struct nlb_memory* memory);
static struct nlb_bucket* nlb_memory_bucket(struct nlb_memory* memory, nlb_u32 number, int v6);
static void* nlb_memory_entry(struct nlb_memory* memory, nlb_u32 number, int v6);

/* Where a key may be. */
struct nlb_place {
    nlb_u32 near; /* buckets */
    nlb_u32 first;
    nlb_u32 second; /* never the first */
    nlb_u32 tag;    /* with way 0 */
};

NLB_INLINE nlb_u32 nlb_below(nlb_u32 number, nlb_u32 limit) {
    return (nlb_u32)((nlb_u64)number * limit >> 32U);
}

NLB_INLINE nlb_u64 nlb_key_hash(const struct nlb_tuple* key, nlb_u64 seed, int v6) {
    const nlb_word64* words = (const nlb_word64*)key;
    nlb_u64 key4[2];
    nlb_u64 h = seed;
    if (!v6) {
        nlb_key4(key, (struct nlb_flow_key*)key4);
        return nlb_mix64((key4[0] + seed) * 0x9e3779b97f4a7c15ULL ^ key4[1]);
    }
    for (int i = 0; i < 5; ++i)
        h = nlb_mix64(h + words[i]);
    return h;
}

NLB_INLINE struct nlb_place nlb_place_of(struct nlb_memory* memory, const struct nlb_tuple* key,
                                         int v6) {
    const nlb_u32 buckets = nlb_memory_buckets(memory, v6);
    const nlb_u32 near = buckets / 16U * NLB_NEAR_SIXTEENTHS;
    const nlb_u32 far = buckets - near;
    const nlb_u64 h = nlb_key_hash(key, nlb_memory_seed(memory), v6);
    const nlb_u32 high = (nlb_u32)(h >> 32U);
    struct nlb_place place;
    place.near = nlb_below((nlb_u32)h, near);
    place.first = near + nlb_below((nlb_u32)h * 0x85ebca6bU, far);
    place.second = near + nlb_below(high * 0x9e3779b1U, far - 1U);
    place.second += place.second >= place.first;
    place.tag = (high & ~(NLB_TAG_PENDING | (NLB_WAYS - 1U))) | NLB_TAG_TAKEN;
    return place;
}

/* The word with that tag, not pending; 0 when there is none. */
NLB_INLINE nlb_u64 nlb_word_of(const struct nlb_bucket* bucket, nlb_u32 tag) {
    const volatile nlb_u64* words = bucket->words;
    for (nlb_u32 i = 0; i < NLB_WAYS; ++i) {
        const nlb_u64 word = words[i];
        if (((nlb_u32)(word >> 32U) ^ tag) < NLB_WAYS) return word;
    }
    return 0;
}

NLB_INLINE nlb_u32 nlb_word_way(nlb_u64 word) {
    return (nlb_u32)(word >> 32U) & (NLB_WAYS - 1U);
}

NLB_INLINE int nlb_entry_has(const void* entry, const struct nlb_tuple* key, int v6) {
    const nlb_word64* there = (const nlb_word64*)entry;
    const nlb_word64* words = (const nlb_word64*)key;
    nlb_u64 key4[2];
    if (v6)
        return ((there[0] ^ words[0]) | (there[1] ^ words[1]) | (there[2] ^ words[2]) |
                (there[3] ^ words[3]) | (there[4] ^ words[4])) == 0;
    nlb_key4(key, (struct nlb_flow_key*)key4);
    return ((there[0] ^ key4[0]) | (there[1] ^ key4[1])) == 0;
}

NLB_INLINE struct nlb_flow* nlb_entry_flow(void* entry, int v6) {
    return v6 ? &((struct nlb_entry6*)entry)->value.flow : &((struct nlb_entry4*)entry)->value.flow;
}

/* The entry that a word leads to, if it has the key. Two keys may share a tag, if hardly ever: the
 * one that came later is in another of its buckets. */
NLB_INLINE void* nlb_word_entry(struct nlb_memory* memory, nlb_u64 word,
                                const struct nlb_tuple* key, int v6) {
    void* entry = word != 0 ? nlb_memory_entry(memory, (nlb_u32)word, v6) : 0;
    return entry && nlb_entry_has(entry, key, v6) ? entry : 0;
}

NLB_INLINE int nlb_bucket_has(struct nlb_memory* memory, const struct nlb_bucket* bucket,
                              nlb_u32 tag, const struct nlb_tuple* key, int v6) {
    return nlb_word_entry(memory, nlb_word_of(bucket, tag), key, v6) != 0;
}

/* The entry of a key in that bucket, or a null pointer. */
NLB_INLINE void* nlb_table_look(struct nlb_memory* memory, nlb_u32 bucket, nlb_u32 tag,
                                const struct nlb_tuple* key, int v6) {
    const struct nlb_bucket* at = nlb_memory_bucket(memory, bucket, v6);
    return at ? nlb_word_entry(memory, nlb_word_of(at, tag), key, v6) : 0;
}

NLB_INLINE void* nlb_table_find(struct nlb_memory* memory, const struct nlb_tuple* key, int v6) {
    const struct nlb_place place = nlb_place_of(memory, key, v6);
    void* entry = nlb_table_look(memory, place.near, place.tag, key, v6);
    if (!entry) entry = nlb_table_look(memory, place.first, place.tag, key, v6);
    return entry ? entry : nlb_table_look(memory, place.second, place.tag, key, v6);
}

NLB_C_TEXT_END

#endif
