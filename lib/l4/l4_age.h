/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * When a flow is over. Needs no port, so that sweeps outside the packet path follow the same rule.
 *
 * A flow remembers a moment in half a word, so that an entry of the table is one cache line:
 * counted in 2^20 ns, somewhat more than a millisecond, modulo 2^32. It is rounded up: a flow ends
 * up to that much late, and never early. A silence of more than 26 days looks like none.
 */
#ifndef NLB_L4_AGE_H
#define NLB_L4_AGE_H

#include "l4_abi.h"

NLB_C_TEXT_BEGIN

#define NLB_MOMENT_BITS 20U
#define NLB_MOMENT_NS (1U << NLB_MOMENT_BITS)

NLB_INLINE nlb_u32 nlb_moment(nlb_u64 now_ns) {
    return (nlb_u32)((now_ns + NLB_MOMENT_NS - 1U) >> NLB_MOMENT_BITS);
}

/* Time since the last packet; 0 when that is yet to come, as in captures that run backwards. */
NLB_INLINE nlb_u64 nlb_silence_ns(const struct nlb_flow* flow, nlb_u64 now_ns) {
    const nlb_u32 moments = (nlb_u32)(now_ns >> NLB_MOMENT_BITS) - flow->last;
    if (moments >> 31U != 0) return 0;
    return (nlb_u64)moments << NLB_MOMENT_BITS | (now_ns & (NLB_MOMENT_NS - 1U));
}

NLB_INLINE int nlb_is_closed(nlb_u32 state) {
    const nlb_u32 both = NLB_FLOW_CLIENT_FIN | NLB_FLOW_TARGET_FIN;
    return (state & (NLB_FLOW_CLIENT_RST | NLB_FLOW_TARGET_RST)) != 0 || (state & both) == both;
}

/* [Connection idle timeout] `flow` is of the client's direction. */
NLB_INLINE int nlb_is_over(const struct nlb_flow* flow, nlb_u64 now_ns) {
    const nlb_u64 limit_ms = nlb_is_closed(flow->state) ? NLB_CLOSED_MS : flow->idle_ms;
    if ((flow->state & NLB_FLOW_EXPIRED) != 0) return 1;
    return nlb_silence_ns(flow, now_ns) > limit_ms * 1000000U;
}

NLB_C_TEXT_END

#endif
