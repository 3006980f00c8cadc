/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * Entries come into the flow table and go; nlb_table_index.h says what it is and how they are
 * found.
 *
 * An entry is filled before a word of the index leads to it. A new word is pending: nobody finds or
 * removes it but those who put the same key. Its owner looks around, takes it back when there is
 * another, and lets it stand when there is none; of two that look at the same time both may step
 * back. So whoever removes a key removes what stands, and an entry is given back once.
 */
#ifndef NLB_BPF_TABLE_H
#define NLB_BPF_TABLE_H

#include "bpf/nlb_table_index.h"

NLB_C_TEXT_BEGIN

/* The number of an entry that is now the caller's; NLB_NONE when there is none. */
NLB_INLINE nlb_u32 nlb_entry_take(struct nlb_memory* memory, int v6) {
    struct nlb_table* table = nlb_memory_table(memory, v6);
    nlb_u32 used;
    for (nlb_u32 i = 0; i < NLB_MOST_TRIES; ++i) {
        const nlb_u64 head = *(volatile nlb_u64*)&table->free;
        const volatile nlb_u32* entry;
        nlb_u64 next;
        if ((nlb_u32)head == 0) break;
        entry = (const nlb_u32*)nlb_memory_entry(memory, (nlb_u32)head - 1U, v6);
        if (!entry) return NLB_NONE;
        next = ((head >> 32U) + 1U) << 32U | *entry;
        if (__sync_val_compare_and_swap(&table->free, head, next) == head)
            return (nlb_u32)head - 1U;
    }
    if (*(volatile nlb_u32*)&table->used >= table->most) return NLB_NONE;
    used = __sync_fetch_and_add(&table->used, 1U);
    if (used < table->most) return used;
    __sync_fetch_and_add(&table->used, -1U);
    return NLB_NONE;
}

/* No word of the index leads to the entry any more. */
NLB_INLINE void nlb_entry_give(struct nlb_memory* memory, nlb_u32 number, int v6) {
    struct nlb_table* table = nlb_memory_table(memory, v6);
    nlb_u32* entry = (nlb_u32*)nlb_memory_entry(memory, number, v6);
    if (!entry) return;
    if (v6)
        ((struct nlb_entry6*)entry)->key.protocol = 0;
    else
        ((struct nlb_entry4*)entry)->key.protocol = 0;
    for (nlb_u32 i = 0; i < NLB_MOST_TRIES; ++i) {
        const nlb_u64 head = *(volatile nlb_u64*)&table->free;
        *(volatile nlb_u32*)entry = (nlb_u32)head;
        if (__sync_val_compare_and_swap(&table->free, head,
                                        ((head >> 32U) + 1U) << 32U | (number + 1U)) == head)
            return;
    }
}

/* Copies what `flow` is the head of. */
NLB_INLINE void nlb_entry_fill(void* entry, const struct nlb_tuple* key,
                               const struct nlb_flow* flow, int v6) {
    if (v6) {
        ((struct nlb_entry6*)entry)->key = *key;
        ((struct nlb_entry6*)entry)->value = *(const struct nlb_flow6*)flow;
    } else {
        nlb_key4(key, &((struct nlb_entry4*)entry)->key);
        ((struct nlb_entry4*)entry)->value = *(const struct nlb_flow4*)flow;
    }
}

NLB_INLINE nlb_u32 nlb_taken_ways(const struct nlb_bucket* bucket) {
    const volatile nlb_u64* words = bucket->words;
    nlb_u32 taken = 0;
    for (nlb_u32 i = 0; i < NLB_WAYS; ++i)
        taken += (nlb_u32)(words[i] >> (32U + NLB_TAG_TAKEN_BIT)) & 1U;
    return taken;
}

/* How many words have the tag, bits of `but` aside. Without branches: the verifier would follow
 * every one of them. */
NLB_INLINE nlb_u64 nlb_words_with(const struct nlb_bucket* bucket, nlb_u32 tag, nlb_u32 but) {
    const volatile nlb_u64* words = bucket->words;
    nlb_u64 count = 0;
    for (nlb_u32 i = 0; i < NLB_WAYS; ++i) {
        const nlb_u32 differs = ((nlb_u32)(words[i] >> 32U) ^ tag) & ~(but | (NLB_WAYS - 1U));
        count += ((nlb_u64)differs - 1U) >> 63U; /* 0 - 1 only has the highest bit */
    }
    return count;
}

/* A pending word that leads to the entry; 0 when all ways are taken. */
NLB_INLINE nlb_u64 nlb_bucket_put(struct nlb_bucket* bucket, nlb_u32 tag, nlb_u32 number) {
    for (nlb_u32 i = 0; i < NLB_WAYS; ++i) {
        const nlb_u64 word = (nlb_u64)(tag | NLB_TAG_PENDING | i) << 32U | number;
        if (*(volatile nlb_u64*)&bucket->words[i] == 0 &&
            __sync_val_compare_and_swap(&bucket->words[i], 0ULL, word) == 0)
            return *(volatile nlb_u64*)&bucket->words[i];
    }
    return 0;
}

/* Not 0: the word was there, and `to` is now. */
NLB_INLINE int nlb_bucket_change(struct nlb_bucket* bucket, nlb_u64 word, nlb_u64 to) {
    return __sync_val_compare_and_swap(&bucket->words[nlb_word_way(word)], word, to) == word;
}

/* The buckets of a key; the first of them takes a new word. */
struct nlb_choice {
    struct nlb_bucket* to;
    struct nlb_bucket* others[2];
};

NLB_INLINE int nlb_others_have(struct nlb_memory* memory, const struct nlb_choice* choice,
                               nlb_u32 tag, const struct nlb_tuple* key, int v6) {
    return nlb_bucket_has(memory, choice->others[0], tag, key, v6) ||
           nlb_bucket_has(memory, choice->others[1], tag, key, v6);
}

/* After a pending word was put: is there another of the key? Pending ones are looked for first, as
 * they may become words that stand, and never the reverse. */
NLB_INLINE int nlb_has_rival(struct nlb_memory* memory, const struct nlb_choice* choice,
                             nlb_u32 tag, const struct nlb_tuple* key, int v6) {
    const nlb_u64 pending = nlb_words_with(choice->others[0], tag | NLB_TAG_PENDING, 0) +
                            nlb_words_with(choice->others[1], tag | NLB_TAG_PENDING, 0);
    return nlb_words_with(choice->to, tag, NLB_TAG_PENDING) + pending != 1 ||
           nlb_others_have(memory, choice, tag, key, v6);
}

NLB_INLINE void nlb_take_other(struct nlb_choice* choice, int number) {
    struct nlb_bucket* other = choice->others[number];
    choice->others[number] = choice->to;
    choice->to = other;
}

/* The ways that a word with that tag finds taken. */
NLB_INLINE nlb_u32 nlb_ways_for(const struct nlb_bucket* bucket, nlb_u32 tag) {
    return nlb_words_with(bucket, tag, NLB_TAG_PENDING) != 0 ? NLB_WAYS : nlb_taken_ways(bucket);
}

/* The near bucket while it has room, then the emptier of the others. */
NLB_INLINE void nlb_choose_bucket(struct nlb_choice* choice, nlb_u32 tag) {
    nlb_u32 taken;
    if (nlb_ways_for(choice->to, tag) < NLB_WAYS) return;
    nlb_take_other(choice, 0);
    taken = nlb_ways_for(choice->to, tag);
    if (taken >= NLB_FEW_WAYS && taken > nlb_ways_for(choice->others[1], tag))
        nlb_take_other(choice, 1);
}

/* A filled entry into the bucket that takes it. */
NLB_INLINE int nlb_table_lead(struct nlb_memory* memory, const struct nlb_choice* choice,
                              nlb_u32 tag, nlb_u32 number, const struct nlb_tuple* key, int v6) {
    const nlb_u64 word = nlb_bucket_put(choice->to, tag, number);
    int put = NLB_PUT_DONE;
    if (word == 0) return NLB_PUT_FULL;
    if (nlb_has_rival(memory, choice, tag, key, v6)) put = NLB_PUT_EXISTS;
    nlb_bucket_change(choice->to, word,
                      put == NLB_PUT_DONE ? word & ~((nlb_u64)NLB_TAG_PENDING << 32U) : 0);
    return put;
}

/* Copies what `flow` is the head of; NLB_PUT_EXISTS and no change when the key is there. */
NLB_INLINE int nlb_table_put(struct nlb_memory* memory, const struct nlb_tuple* key,
                             const struct nlb_flow* flow, int v6) {
    const struct nlb_place place = nlb_place_of(memory, key, v6);
    struct nlb_choice choice;
    nlb_u32 number;
    void* entry;
    int put;
    choice.to = nlb_memory_bucket(memory, place.near, v6);
    choice.others[0] = nlb_memory_bucket(memory, place.first, v6);
    choice.others[1] = nlb_memory_bucket(memory, place.second, v6);
    if (!choice.to || !choice.others[0] || !choice.others[1]) return NLB_PUT_FULL;
    if (nlb_bucket_has(memory, choice.to, place.tag, key, v6) ||
        nlb_others_have(memory, &choice, place.tag, key, v6))
        return NLB_PUT_EXISTS;
    number = nlb_entry_take(memory, v6);
    entry = nlb_memory_entry(memory, number, v6);
    if (!entry) return NLB_PUT_FULL;
    nlb_entry_fill(entry, key, flow, v6);
    nlb_choose_bucket(&choice, place.tag);
    put = nlb_table_lead(memory, &choice, place.tag, number, key, v6);
    if (put != NLB_PUT_DONE) nlb_entry_give(memory, number, v6);
    return put;
}

/* Not 0: the key was in `bucket` and is gone. */
NLB_INLINE int nlb_table_del_in(struct nlb_memory* memory, nlb_u32 bucket, nlb_u32 tag,
                                const struct nlb_tuple* key, int v6) {
    struct nlb_bucket* at = nlb_memory_bucket(memory, bucket, v6);
    nlb_u64 word;
    if (!at) return 0;
    word = nlb_word_of(at, tag);
    if (!nlb_word_entry(memory, word, key, v6) || !nlb_bucket_change(at, word, 0)) return 0;
    nlb_entry_give(memory, (nlb_u32)word, v6);
    return 1;
}

/* A key that is not there is no error. */
NLB_INLINE void nlb_table_del(struct nlb_memory* memory, const struct nlb_tuple* key, int v6) {
    const struct nlb_place place = nlb_place_of(memory, key, v6);
    if (nlb_table_del_in(memory, place.near, place.tag, key, v6)) return;
    if (nlb_table_del_in(memory, place.first, place.tag, key, v6)) return;
    nlb_table_del_in(memory, place.second, place.tag, key, v6);
}

NLB_C_TEXT_END

#endif
