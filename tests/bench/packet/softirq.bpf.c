/* SPDX-License-Identifier: Apache-2.0
 *
 * Time of network softirqs on each CPU, outside the tasks that are charged for their own time: what
 * interrupts a task is part of the task's. /proc/stat counts by ticks, and an idle CPU has none.
 */
/* The second needs the types of the first. */
/* clang-format off */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* clang-format on */

#define NET_TX_SOFTIRQ 2 /* [linux/interrupt.h] */
#define NET_RX_SOFTIRQ 3

struct meter {
    __u64 total_ns;
    __u64 began_ns; /* 0: nothing that counts goes on */
};

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct meter);
} meters SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1024);
    __type(key, __u32); /* process */
    __type(value, __u32);
} charged SEC(".maps");

static int is_of_network(const struct bpf_raw_tracepoint_args* context) {
    return context->args[0] == NET_TX_SOFTIRQ || context->args[0] == NET_RX_SOFTIRQ;
}

SEC("raw_tracepoint/softirq_entry")

int begin(struct bpf_raw_tracepoint_args* context) {
    const __u32 zero = 0;
    const __u32 process = bpf_get_current_pid_tgid() >> 32;
    struct meter* meter = bpf_map_lookup_elem(&meters, &zero);
    if (!meter || !is_of_network(context)) return 0;
    meter->began_ns = bpf_map_lookup_elem(&charged, &process) ? 0 : bpf_ktime_get_ns();
    return 0;
}

SEC("raw_tracepoint/softirq_exit")

int end(struct bpf_raw_tracepoint_args* context) {
    const __u32 zero = 0;
    struct meter* meter = bpf_map_lookup_elem(&meters, &zero);
    if (!meter || !is_of_network(context) || meter->began_ns == 0) return 0;
    meter->total_ns += bpf_ktime_get_ns() - meter->began_ns;
    meter->began_ns = 0;
    return 0;
}

char meter_license[] SEC("license") = "GPL";
