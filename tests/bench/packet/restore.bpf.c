/* SPDX-License-Identifier: Apache-2.0
 *
 * Puts a fresh packet of a chosen flow before the program that is measured: a test run does not
 * restore the packet between repeats, so a program that rewrites it would next see its own output.
 * With no program in the slot it is the overhead that is to be subtracted.
 */
#include "restore.h"

/* The others need the types of the first. */
/* clang-format off */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* clang-format on */

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct restore);
} restore_cell SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} measured SEC(".maps");

SEC("xdp")

int restore(struct xdp_md* context) {
    const __u32 zero = 0;
    struct restore* cell = bpf_map_lookup_elem(&restore_cell, &zero);
    const int length = (int)(context->data_end - context->data);
    unsigned char* frame;
    __u32 flow;
    if (!cell) return XDP_ABORTED;
    if (length != RESTORE_BYTES && bpf_xdp_adjust_tail(context, RESTORE_BYTES - length) != 0)
        return XDP_ABORTED;
    frame = (unsigned char*)(long)context->data;
    if (frame + RESTORE_BYTES > (unsigned char*)(long)context->data_end) return XDP_ABORTED;
    __builtin_memcpy(frame, cell->frame, RESTORE_BYTES);
    flow = cell->random ? bpf_get_prandom_u32() : (__u32)cell->next++;
    if (cell->flows != 0) flow %= cell->flows;
    *(__be32*)(frame + 26) = bpf_htonl(0x0a400001U + (flow >> 15)); /* client 10.64.0.1 and on */
    *(__be16*)(frame + 34) = bpf_htons((__u16)(1024 + (flow & 0x7fff)));
    bpf_tail_call(context, &measured, 0);
    return XDP_DROP;
}

/* How a live program ends: every figure of an established flow holds this call. */
SEC("xdp")

int redirect(struct xdp_md* context) {
    (void)context;
    return (int)bpf_redirect(1, 0);
}

char restore_license[] SEC("license") = "GPL";
