/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * Room to work on one packet.
 */
#ifndef NLB_L4_WORK_H
#define NLB_L4_WORK_H

#include "l4_abi.h"

/* A flow that is about to be opened. */
struct nlb_opening {
    struct nlb_flow client; /* the two directions */
    struct nlb_flow reply;
    struct nlb_tuple becomes;   /* of the client's direction */
    struct nlb_tuple reply_key; /* while a source port is sought, its destination port is tried */
    struct nlb_tuple reply_becomes;
    nlb_u64 now_ns;
    nlb_u32 hash;
    nlb_u32 offset; /* of the next source port to try */
    nlb_u32 step;
    nlb_u32 put; /* what became of the last one tried: NLB_PUT_... */
};

/* Bytes that an ICMP error quotes: the longest IPv4 header and eight bytes [RFC 792]; of IPv6, what
 * leaves some room for extension headers [RFC 4443 3.2: as much as fits]. */
#define NLB_QUOTE4 68U
#define NLB_QUOTE6 128U

/* Room to work on one packet: BPF has 512 bytes of stack. Nothing in it outlives the packet. */
struct nlb_l4_work {
    struct nlb_l4_desc desc;
    struct nlb_l4_verdict verdict;
    struct nlb_pair found;
    struct nlb_pair in_the_way; /* a flow that has what a new one wants */
    struct nlb_opening opening;
    struct nlb_flow6 value; /* on its way into a table */
    nlb_u8 quote[NLB_QUOTE6];
};

#endif
