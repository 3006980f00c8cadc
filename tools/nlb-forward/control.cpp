// SPDX-License-Identifier: Apache-2.0
#include "control.hpp"

#include "io/clock.hpp"

#include "base/text.hpp"

#include <sys/epoll.h>

#include <utility>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr std::size_t kMostClients = 16;
constexpr std::size_t kMostPending = 1U << 20U; // bytes; a slow reader gets more when it has read
constexpr Nanos kPause = Nanos::milliseconds(10);

contract::LiveFlow line_of(const proxy::LiveFlow& flow) {
    const proxy::ListenerInfo& listener = *flow.label->listener;
    contract::LiveFlow line;
    line.protocol = listener.transport == proxy::Transport::Udp ? "udp" : "tcp";
    line.state = to_text(flow.state);
    line.client_address = flow.client.address;
    line.client_port = flow.client.port;
    line.destination_address = listener.address.address;
    line.destination_port = listener.address.port;
    if (flow.source.port != 0) {
        line.source_address = flow.source.address;
        line.source_port = flow.source.port;
    }
    line.target_address = flow.label->endpoint.address;
    line.target_port = flow.label->endpoint.port;
    line.listener = listener.listener;
    line.zone = listener.zone;
    line.group = listener.group;
    line.target = flow.label->target;
    line.client_bytes = flow.client_bytes;
    line.target_bytes = flow.target_bytes;
    line.age_ms = static_cast<std::uint64_t>(flow.age_ms);
    line.idle_ms = static_cast<std::uint64_t>(flow.idle_ms);
    return line;
}

} // namespace

std::string control_source(const std::string& node) {
    return "unix:nlb-forward-" + node + ".ctl";
}

Control::Control(app::Context& context, io::EventLoop& loop, contract::Hello hello,
                 Handlers handlers)
    : context_(context), loop_(loop), hello_(std::move(hello)), handlers_(std::move(handlers)) {
}

Control::~Control() {
    close();
}

Result<void> Control::listen(const std::string& path) {
    if (auto made = io::make_socket_directory(path); !made) return made;
    auto listener = io::UnixListener::make(path);
    if (!listener) return tl::unexpected<Error>(listener.error());
    listener_.emplace(std::move(*listener));
    return loop_.add(listener_->fd(), EPOLLIN, [this](std::uint32_t) { accept(); });
}

void Control::close() {
    clients_.clear();
    if (!listener_) return;
    loop_.remove(listener_->fd());
    listener_.reset();
}

void Control::accept() {
    forget_ended();
    auto socket = listener_->accept();
    if (!socket) return context_.log.warning(socket.error().text());
    if (!socket->is_open() || clients_.size() >= kMostClients) return;
    auto out = socket->duplicate();
    if (!out) return context_.log.warning(out.error().text());
    const std::uint64_t number = ++last_;
    auto link = io::MessageLink::make(
        loop_, std::move(*socket), std::move(*out), hello_,
        {.on_event = [this, number](const contract::Event& event) { take(number, event); },
         .on_batch = {},
         .on_closed =
             [this, number](const Result<void>&) {
                 if (const auto it = clients_.find(number); it != clients_.end())
                     it->second.ended = true;
             }});
    if (link) clients_[number].link = std::move(*link);
}

void Control::forget_ended() {
    std::erase_if(clients_, [](const auto& entry) { return entry.second.ended; });
}

/// One question at a time; what comes in the middle of an answer is not heard.
void Control::take(std::uint64_t number, const contract::Event& event) {
    const auto* message = std::get_if<contract::Message>(&event.what);
    const auto* request = message == nullptr ? nullptr : std::get_if<contract::Request>(message);
    const auto it = clients_.find(number);
    if (request == nullptr || it == clients_.end() || !it->second.what.empty()) return;
    Client& client = it->second;
    if (request->what != "status" && request->what != "flows") {
        client.link->put(
            contract::Answer{false, "nobody knows the request " + in_quotes(request->what)});
        return client.link->flush();
    }
    client.what = request->what;
    client.cursor = {};
    look(number);
}

void Control::look(std::uint64_t number) {
    const auto it = clients_.find(number);
    if (it == clients_.end() || it->second.ended) return;
    const std::weak_ptr<bool> alive = is_alive_;
    if (it->second.link->writer().pending().size() > kMostPending) {
        loop_.at(io::now() + kPause, [this, alive, number](Nanos) {
            if (!alive.expired()) look(number);
        });
        return;
    }
    handlers_.look(it->second.cursor, it->second.what == "flows",
                   [this, alive, number](const proxy::FlowPortion& portion) {
                       if (!alive.expired()) take_portion(number, portion);
                   });
}

void Control::take_portion(std::uint64_t number, const proxy::FlowPortion& portion) {
    const auto it = clients_.find(number);
    if (it == clients_.end() || it->second.ended) return;
    Client& client = it->second;
    for (const proxy::LiveFlow& flow : portion.flows) {
        if (client.what == "flows") {
            client.link->put(line_of(flow));
        } else {
            const proxy::ListenerInfo& listener = *flow.label->listener;
            ++client.flows[{listener.group.value, listener.zone, flow.label->target.value}];
        }
    }
    proxy::FlowCursor& cursor = client.cursor;
    if (!portion.is_last)
        cursor.place += proxy::kPlacesShown;
    else if (cursor.transport == proxy::Transport::Tcp)
        cursor = {cursor.worker, proxy::Transport::Udp, 0};
    else
        cursor = {cursor.worker + 1, proxy::Transport::Tcp, 0};
    client.link->flush();
    if (cursor.worker < handlers_.workers()) return look(number);
    if (client.what == "status")
        handlers_.status(std::exchange(client.flows, {}), client.link->writer());
    client.link->put(contract::Answer{true, std::nullopt});
    client.what.clear();
    client.link->flush();
}
