/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The whole walk of a frame, and the list of ports. The including file says what `struct nlb_world`
 * is and defines the ports as static functions; binding is static, because BPF has no useful
 * function pointers.
 *
 *   listener(world, key), group(world, index), target(world, index)   the entry or a null pointer
 *   slot(world, n)             target index in slot n, NLB_NONE when there is none
 *   is_node(world, address)    not 0 when the node answers for the address
 *   flow_get(world, key)       the value in place, valid until the key is deleted
 *   flow_put(world, key, flow) NLB_PUT_EXISTS and no change when the key is there
 *   flow_del(world, key)       a key that is not there is no error
 *   begin(world), end(world)   the frame's bytes, writable; asked for again after resize
 *   resize(world, length)      cuts the frame; not 0: could not
 *   l4_csum(world, offset, address_sum, other_sum)  the checksum at `offset` follows a change of
 *       the pseudo-header and then of the bytes under it; not 0: could not. Voids begin and end.
 *   count(world, reason)       one more packet with that reason
 */
#ifndef NLB_L4_CORE_H
#define NLB_L4_CORE_H

#include "l4_decide.h"
#include "l4_rewrite.h"
#include "l4_tuple.h"

NLB_C_TEXT_BEGIN

static nlb_u8* nlb_port_begin(struct nlb_world* world);
static nlb_u8* nlb_port_end(struct nlb_world* world);
static nlb_u32 nlb_port_resize(struct nlb_world* world, nlb_u32 length);
static void nlb_port_count(struct nlb_world* world, nlb_u32 reason);

NLB_INLINE nlb_u32 nlb_apply(struct nlb_world* world, const struct nlb_l4_desc* desc,
                             const struct nlb_l4_verdict* verdict) {
    if (verdict->action == NLB_FORWARD)
        return nlb_l4_rewrite(world, nlb_port_begin(world), nlb_port_end(world), desc,
                              &verdict->becomes);
    if (verdict->action != NLB_RESET) return 0;
    if (nlb_port_resize(world, desc->l3_offset + NLB_RESET_LENGTH) != 0) return 1;
    return nlb_l4_write_reset(world, nlb_port_begin(world), nlb_port_end(world), desc);
}

/* Parses, decides, rewrites, counts. `desc` and `verdict` are filled whatever they held. */
NLB_INLINE void nlb_l4_packet(struct nlb_world* world, nlb_u64 now_ns, struct nlb_l4_desc* desc,
                              struct nlb_l4_verdict* verdict) {
    enum nlb_l4_parsed parsed;
    __builtin_memset(verdict, 0, sizeof(*verdict));
    verdict->listener = NLB_NONE;
    verdict->target = NLB_NONE;
    parsed = nlb_l4_parse(nlb_port_begin(world), nlb_port_end(world), desc);
    if (parsed == NLB_PARSED_TCP)
        nlb_l4_decide(world, desc, now_ns, verdict);
    else
        nlb_decide_unparsed(world, parsed, desc, verdict);
    if (nlb_apply(world, desc, verdict) != 0) nlb_set_verdict(verdict, NLB_REASON_REWRITE_FAILED);
    nlb_port_count(world, verdict->reason);
}

NLB_C_TEXT_END

#endif
