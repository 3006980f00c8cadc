// SPDX-License-Identifier: Apache-2.0
#include "flow_log.hpp"

#include "io/clock.hpp"

#include "flow/tables.hpp"
#include "flow/vpc_flow_log.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

Endpoint source_of(const nlb_tuple& key) {
    return {flow::address_of(key.source_be, key.family), nlb_ntoh16(key.source_port_be)};
}

Endpoint destination_of(const nlb_tuple& key) {
    return {flow::address_of(key.destination_be, key.family), nlb_ntoh16(key.destination_port_be)};
}

} // namespace

Result<FlowLog> FlowLog::open(const std::string& path) {
    io::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!file.is_open()) return io::sys_error("open " + in_quotes(path));
    FlowLog log(std::move(file), path);

    struct stat about {};

    if (::fstat(log.file_.get(), &about) == 0 && about.st_size == 0)
        log.lines_ = flow::kVpcFlowLogHeader;
    return log;
}

void FlowLog::put(const kernel::EndedFlow& ended) {
    const kernel::FlowEntry& client = ended.client;
    const std::int64_t to_unix_s = io::unix_ms() / 1000 - io::now().ns / 1'000'000'000;
    flow::VpcFlowRecord front;
    front.source = source_of(client.key);
    front.destination = destination_of(client.key);
    front.protocol = client.key.protocol;
    front.packets = client.flow.packets;
    front.bytes = client.flow.bytes;
    front.start_s = client.flow.opened_s + to_unix_s;
    front.end_s = std::max(front.start_s, ended.ended.ns / 1'000'000'000 + to_unix_s);
    front.is_accepted =
        ended.end != kernel::FlowEnd::TargetRefused && ended.end != kernel::FlowEnd::TargetTimeout;
    flow::VpcFlowRecord back = front;
    back.source = destination_of(client.becomes);
    back.destination = source_of(client.becomes);
    back.packets = ended.target_packets;
    back.bytes = ended.target_bytes;
    lines_ += flow::vpc_flow_log_line(front);
    lines_ += flow::vpc_flow_log_line(back);
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
