/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * What the flow tables of the kernel frames are made of; nlb_table_index.h and nlb_table.h are how
 * they work.
 */
#ifndef NLB_BPF_TABLE_ABI_H
#define NLB_BPF_TABLE_ABI_H

#include "l4/l4_abi.h"

#define NLB_WAYS 8U /* a power of two */

/* A word of the index is 0 or a tag above the number of an entry. A tag is bits of the hash, one
 * that says whether the word is pending, a one, and the number of its own way, which is there for
 * the verifier: read from memory it is one unknown number below eight, not eight known ones with a
 * path each. */
#define NLB_TAG_TAKEN NLB_WAYS
#define NLB_TAG_TAKEN_BIT 3U
#define NLB_TAG_PENDING (NLB_WAYS * 2U) /* whoever put the word has not looked around yet */

/* With three ways for two entries, and five sixteenths of them near, the near part holds nearly
 * every key while a fifth of the entries is taken, and nearly half of them when all are. Of the far
 * buckets, a first one with fewer taken ways than this is not compared with the second. In
 * simulation, of sixty million keys that came and went in a full table, one had no place. */
#define NLB_WAYS_PER_TWO_ENTRIES 3U
#define NLB_NEAR_SIXTEENTHS 5U
#define NLB_FEW_WAYS 4U
#define NLB_LEAST_BUCKETS 64U

#define NLB_MOST_TRIES 64U /* to win against other CPUs */

struct nlb_bucket {
    nlb_u64 words[NLB_WAYS];
};

NLB_ASSERT_SIZE(struct nlb_bucket, 64);

/* An entry whose protocol is 0 is free; its first word is then the link of the list of such. */
struct nlb_entry4 {
    struct nlb_flow_key key;
    struct nlb_flow4 value;
};

struct nlb_entry6 {
    struct nlb_tuple key;
    struct nlb_flow6 value;
    nlb_u32 zero[4]; /* two cache lines, not parts of three */
};

NLB_ASSERT_SIZE(struct nlb_entry4, 64);
NLB_ASSERT_SIZE(struct nlb_entry6, 128);

/* In a cache line of its own, because it is written with every new flow. */
struct nlb_table {
    nlb_u64 free; /* one more than the number of the first free entry, below a count of changes */
    nlb_u32 used; /* entries from this number on were never used */
    nlb_u32 most; /* entries */
    nlb_u32 zero[12];
};

NLB_ASSERT_SIZE(struct nlb_table, 64);

#endif
