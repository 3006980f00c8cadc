// SPDX-License-Identifier: Apache-2.0
// nlb-forward run: what others ask of it while it runs, and how it leaves.
#include "run_wiring.hpp"

#include "io/clock.hpp"

#include "base/text.hpp"

#include <unistd.h>

#include <utility>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

void RunWiring::drain(int number) {
    constexpr int kKilledBySignal = 128; // what a shell adds to a signal's number
    if (std::exchange(draining_for_, number) != 0) return end(kKilledBySignal + number);
    context_.tell_service_manager("STOPPING=1");
    context_.log.notice("draining " + std::to_string(proxy_->live()) + " connections");
    proxy_->drain();
    end_within_drain_timeout();
}

Result<void> RunWiring::begin_takeover() {
    if (options_.takeover.empty()) return {};
    auto path = app::socket_path(options_.takeover);
    if (!path) return tl::unexpected<Error>(path.error());
    Takeover::Handlers handlers;
    handlers.sockets = [this]() -> const proxy::SocketsByPlace& {
        return proxy_->listening_sockets();
    };
    handlers.on_more = [this](proxy::SocketsByPlace more) { proxy_->inherit(std::move(more)); };
    handlers.on_flow = [this](const proxy::UdpArrival& flow, io::Fd leads_by) {
        proxy_->adopt(flow, std::move(leads_by));
    };
    handlers.on_alone = [this] {
        proxy_->begin_datagrams();
        open_control();
        context_.log.notice("the other process has left; this one serves alone");
    };
    handlers.on_taken = [this] { on_taken(); };
    handlers.on_warning = [this](const std::string& text) { context_.log.warning(text); };
    takeover_ =
        std::make_unique<Takeover>(loop_, std::move(*path), options_.threads, std::move(handlers));
    auto sockets = takeover_->begin();
    if (!sockets) return tl::unexpected<Error>(sockets.error());
    if (!sockets->empty()) {
        context_.log.notice("took over the sockets of " + std::to_string(sockets->size()) +
                            " listeners");
    }
    if (!takeover_->is_alone()) proxy_->hold_datagrams();
    proxy_->inherit(std::move(*sockets));
    return {};
}

/// Connections go on here until they end.
void RunWiring::on_taken() {
    control_->close();
    if (std::exchange(draining_for_, SIGTERM) != 0) return takeover_->send_flows({});
    context_.log.notice("another process took over; draining " + std::to_string(proxy_->live()) +
                        " connections");
    proxy_->hand_over();
    end_within_drain_timeout();
}

void RunWiring::end_within_drain_timeout() {
    const auto seconds = static_cast<std::int64_t>(options_.drain_timeout_seconds);
    loop_.at(io::now() + Nanos::seconds(seconds), [this](Nanos) {
        context_.log.notice(std::to_string(proxy_->live()) +
                            " connections did not end in time and are reset");
        end(0);
    });
}

/// Without it the work goes on.
void RunWiring::open_control() {
    Control::Handlers handlers;
    handlers.status = [this](TargetFlows flows, contract::StreamWriter& out) {
        put_status(std::move(flows), out);
    };
    handlers.look = [this](const proxy::FlowCursor& where, bool with_source,
                           std::function<void(const proxy::FlowPortion&)> on_portion) {
        proxy_->show(where, with_source, std::move(on_portion));
    };
    handlers.workers = [this] { return proxy_->workers(); };
    control_ = std::make_unique<Control>(context_, loop_,
                                         context_.hello("forward", options_.node, options_.zone),
                                         std::move(handlers));
    const std::string source = control_source(options_.node);
    const auto open = app::socket_path(source).and_then(
        [this](const std::string& path) { return control_->listen(path); });
    if (!open) context_.log.notice("status and flows are not told: " + open.error().text());
}

void RunWiring::put_status(TargetFlows flows, contract::StreamWriter& out) const {
    contract::Forwarder line;
    line.pid = static_cast<std::uint64_t>(::getpid());
    line.state = is_ready_ ? "serving" : "starting";
    if (draining_for_ != 0) line.state = "draining";
    line.datapath = options_.datapath;
    line.workers = proxy_->workers();
    line.generation = generation_;
    line.start_ms = start_ms_;
    line.active_flows = proxy_->live();
    if (const auto path = app::socket_path(options_.takeover)) line.takeover = *path;
    out.put(line);
    if (kernel_) {
        for (const contract::InterfaceStatus& interface : kernel_->interfaces())
            out.put(interface);
    }
    status_.put({proxy_->listener_states(),
                 kernel_ ? kernel_->listener_states() : std::vector<contract::ListenerState>(),
                 counters(), std::move(flows)},
                out);
}
