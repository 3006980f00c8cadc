/* SPDX-License-Identifier: Apache-2.0
 *
 * What the bench tells restore.bpf.c.
 */
#ifndef NLB_BENCH_RESTORE_H
#define NLB_BENCH_RESTORE_H

#define RESTORE_BYTES 64

struct restore {
    unsigned long long next; /* number of the next flow */
    unsigned flows;          /* 0: every packet is of a flow of its own */
    unsigned random;         /* not 0: flows in random order */
    unsigned char frame[RESTORE_BYTES];
};

#endif
