// SPDX-License-Identifier: Apache-2.0
#include "flow_log.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr std::uint64_t kTcpHeader = 32; // with timestamps
constexpr std::uint64_t kUdpHeader = 8;

/// The client was turned away, or its target did not answer.
bool is_refused(proxy::End end) {
    using proxy::End;
    return end == End::NoTarget || end == End::TargetRefused || end == End::TargetTimeout ||
           end == End::TargetUnreachable || end == End::PortAllocation || end == End::NoResources ||
           end == End::Hairpin || end == End::FlowCollision;
}

std::uint64_t with_headers(std::uint64_t payload, std::uint64_t packets, const Endpoint& from,
                           bool is_udp) {
    const std::uint64_t ip = from.address.is_v4() ? 20 : 40;
    return payload + packets * (ip + (is_udp ? kUdpHeader : kTcpHeader));
}

} // namespace

VpcFlowRecords vpc_records(const proxy::FlowRecord& record) {
    const proxy::ListenerInfo& listener = *record.label->listener;
    const bool is_udp = listener.transport == proxy::Transport::Udp;
    flow::VpcFlowRecord front;
    front.source = record.client;
    front.destination = listener.address;
    front.protocol = proxy::protocol_of(listener.transport);
    front.packets = record.seen.client_packets;
    front.bytes = with_headers(record.client_bytes, front.packets, front.source, is_udp);
    front.start_s = record.start_ms / 1000;
    front.end_s = (record.start_ms + record.duration_ms) / 1000;
    front.is_accepted = !is_refused(record.end);
    if (record.label->target.empty()) return {front};
    flow::VpcFlowRecord back = front;
    back.source = record.label->endpoint;
    back.destination = record.seen.source;
    back.packets = record.seen.target_packets;
    back.bytes = with_headers(record.target_bytes, back.packets, back.source, is_udp);
    return {front, back};
}

Result<FlowLog> FlowLog::open(const std::string& path) {
    io::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!file.is_open()) return io::sys_error("open " + in_quotes(path));
    FlowLog log(std::move(file), path);

    struct stat about {};

    if (::fstat(log.file_.get(), &about) == 0 && about.st_size == 0)
        log.lines_ = flow::kVpcFlowLogHeader;
    return log;
}

void FlowLog::put(const VpcFlowRecords& records) {
    for (const flow::VpcFlowRecord& record : records)
        lines_ += flow::vpc_flow_log_line(record);
}

Result<void> FlowLog::flush() {
    const std::string lines = std::exchange(lines_, {});
    std::string_view left = lines;
    while (!left.empty()) {
        const ssize_t n = io::retry([&] { return ::write(file_.get(), left.data(), left.size()); });
        if (n < 0) return io::sys_error("write " + in_quotes(path_));
        left.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}
