/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * When a flow is over. Needs no port, so that sweeps outside the packet path follow the same rule.
 */
#ifndef NLB_L4_AGE_H
#define NLB_L4_AGE_H

#include "l4_abi.h"

NLB_C_TEXT_BEGIN

NLB_INLINE int nlb_is_closed(nlb_u32 state) {
    const nlb_u32 both = NLB_FLOW_CLIENT_FIN | NLB_FLOW_TARGET_FIN;
    return (state & (NLB_FLOW_CLIENT_RST | NLB_FLOW_TARGET_RST)) != 0 || (state & both) == both;
}

/* [Connection idle timeout] `flow` is of the client's direction. Captures may run backwards. */
NLB_INLINE int nlb_is_over(const struct nlb_flow* flow, nlb_u64 now_ns) {
    const nlb_u64 limit_ms = nlb_is_closed(flow->state) ? NLB_CLOSED_MS : flow->idle_ms;
    if ((flow->state & NLB_FLOW_EXPIRED) != 0) return 1;
    return now_ns > flow->last_ns && now_ns - flow->last_ns > limit_ms * 1000000U;
}

NLB_C_TEXT_END

#endif
