// SPDX-License-Identifier: Apache-2.0
#include "records.hpp"

#include "base/text.hpp"

#include <fcntl.h>

#include <utility>

using namespace nlb;

namespace {

/// The client was turned away, or its target did not answer.
bool is_refused(proxy::End end) {
    using proxy::End;
    return end == End::NoTarget || end == End::TargetRefused || end == End::TargetTimeout ||
           end == End::TargetUnreachable || end == End::PortAllocation || end == End::NoResources ||
           end == End::Hairpin || end == End::FlowCollision;
}

} // namespace

contract::Flow flow_line(const proxy::FlowRecord& record) {
    const proxy::FlowLabel& label = *record.label;
    const proxy::ListenerInfo& listener = *label.listener;
    contract::Flow line;
    line.listener = listener.listener;
    line.zone = listener.zone;
    line.group = listener.group;
    line.client_address = record.client.address;
    line.client_port = record.client.port;
    line.start_ms = static_cast<std::uint64_t>(record.start_ms);
    line.duration_ms = static_cast<std::uint64_t>(record.duration_ms);
    line.client_bytes = record.client_bytes;
    line.target_bytes = record.target_bytes;
    line.end = to_text(record.end);
    if (listener.transport == proxy::Transport::Udp) line.protocol = "udp";
    line.load_balancer = listener.load_balancer;
    line.destination_address = listener.address.address;
    line.destination_port = listener.address.port;
    line.client_packets = record.seen.client_packets;
    line.accepted = !is_refused(record.end);
    line.datapath = "sockets";
    if (label.target.empty()) return line;
    line.target = label.target;
    line.target_address = label.endpoint.address;
    line.target_port = label.endpoint.port;
    line.target_packets = record.seen.target_packets;
    if (record.seen.source.port == 0) return line;
    line.source_address = record.seen.source.address;
    line.source_port = record.seen.source.port;
    return line;
}

Result<std::unique_ptr<Records>> Records::open(io::EventLoop& loop, const app::Context& context,
                                               const std::string& to, io::MessageLink* answers,
                                               contract::Hello hello) {
    std::unique_ptr<Records> records(new Records(context));
    if (to == "-") {
        records->answers_ = answers;
        return records;
    }
    if (!to.starts_with("unix:")) {
        auto opened = records->open_file(loop, to, std::move(hello));
        if (!opened) return tl::unexpected<Error>(opened.error());
        return records;
    }
    auto path = app::socket_path(to);
    if (!path) return tl::unexpected<Error>(path.error());
    records->socket_ = std::make_unique<io::LinkClient>(
        loop, std::move(*path), std::move(hello),
        io::LinkClient::Handlers{.on_connected = {},
                                 .on_event = [](const contract::Event&) {},
                                 .on_batch = {},
                                 .on_lost =
                                     [&context](const Error& error) {
                                         context.log.warning("records: " + error.text() +
                                                             "; they are dropped until it is back");
                                     }});
    records->socket_->start();
    return records;
}

Result<void> Records::open_file(io::EventLoop& loop, const std::string& path,
                                contract::Hello hello) {
    io::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!file.is_open()) return io::sys_error("open " + in_quotes(path));
    auto link = io::MessageLink::make(
        loop, io::Fd(), std::move(file), std::move(hello),
        {.on_event = {}, .on_batch = {}, .on_closed = [this](const Result<void>& how) {
             if (!how) context_.log.error("records: " + how.error().text() + "; no more are kept");
         }});
    if (!link) return tl::unexpected<Error>(link.error());
    file_ = std::move(*link);
    return {};
}

io::MessageLink* Records::link() {
    if (socket_) return socket_->link();
    return file_ ? file_.get() : answers_;
}

bool Records::put(const contract::Flow& line) {
    io::MessageLink* out = link();
    if (out == nullptr) return false;
    if (out->writer().pending().size() > kMostPending) out->flush();
    if (out->writer().pending().size() > kMostPending) return false;
    out->put(line);
    return true;
}

void Records::put(const std::vector<contract::Counter>& counters) {
    io::MessageLink* out = link();
    if (out == nullptr || out->writer().pending().size() > kMostPending) return;
    for (const contract::Counter& counter : counters)
        out->put(counter);
    out->flush();
}

void Records::flush() {
    if (io::MessageLink* out = link(); out != nullptr) out->flush();
}
