// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include "describe.hpp"

#include "app/configuration_file.hpp"
#include "io/clock.hpp"

#include "model/changes.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <utility>

namespace nlb::policy {

namespace {

WallTime wall_now() {
    return {io::unix_ms()};
}

constexpr std::int64_t kLongestWaitMs = 60'000;
constexpr Nanos kAcceptPause = Nanos::milliseconds(200); // until descriptors are free again

} // namespace

Server::Server(app::Context& context, io::EventLoop& loop, std::string file,
               model::Configuration configuration)
    : context_(context), loop_(loop), file_(std::move(file)), publisher_(std::move(configuration)) {
    loop_.after_each_round([this](Nanos now) { round(now); });
}

Server::~Server() {
    clients_.clear();
    if (listener_) loop_.remove(listener_->fd());
}

Result<void> Server::listen(const std::string& path) {
    if (auto made = io::make_socket_directory(path); !made) return made;
    auto listener = io::UnixListener::make(path);
    if (!listener) return tl::unexpected<Error>(listener.error());
    listener_.emplace(std::move(*listener));
    return loop_.add(listener_->fd(), EPOLLIN, [this](std::uint32_t) { accept(); });
}

void Server::accept() {
    auto socket = listener_->accept();
    if (!socket) {
        context_.log.warning(socket.error().text());
        return pause_accepting();
    }
    if (!socket->is_open()) return;
    const Client::Surroundings around{context_, loop_, publisher_, pace_};
    auto client = Client::make(around, std::move(*socket), ++last_client_);
    if (client) {
        clients_.emplace(last_client_, std::move(*client));
    } else {
        context_.log.warning("client " + std::to_string(last_client_) + ": " +
                             client.error().text());
    }
}

void Server::pause_accepting() {
    loop_.modify(listener_->fd(), 0);
    loop_.at(io::now() + kAcceptPause, [this](Nanos) { loop_.modify(listener_->fd(), EPOLLIN); });
}

void Server::round(Nanos now) {
    if (pace_.due(now)) announce(publisher_.publish());
    arm();
    for (const auto& [number, client] : clients_)
        client->pay();
    std::erase_if(clients_, [](const auto& entry) { return entry.second->ended(); });
}

/// Waits for the end of the next deregistration delay or zonal shift. A calendar that is set back
/// or ahead meanwhile is met by waiting in short steps.
void Server::arm() {
    const WallTime next = publisher_.deadline();
    if (next == armed_for_) return;
    loop_.cancel(timer_);
    armed_for_ = next;
    if (next.is_never()) return;
    const std::int64_t left_ms = next.unix_ms - io::unix_ms();
    const std::int64_t wait_ms = std::clamp<std::int64_t>(left_ms, 0, kLongestWaitMs);
    timer_ = loop_.at(io::now() + Nanos::milliseconds(wait_ms), [this](Nanos) {
        armed_for_ = WallTime::never();
        publisher_.tick(wall_now());
        announce(publisher_.publish());
        arm();
    });
}

void Server::announce(const route::Published& published) {
    for (const route::ModeChange& change : published.modes)
        context_.log.notice(describe(change));
    for (const auto& [number, client] : clients_)
        client->owe(published);
}

void Server::reload() {
    auto configuration = load_configuration(context_, file_);
    if (!configuration) {
        context_.log.error(configuration.error().text() + "; the configuration in use stays");
        return;
    }
    const auto forbidden = model::forbidden_changes(publisher_.configuration(), *configuration);
    for (const std::string& line : forbidden)
        context_.log.error(line);
    if (!forbidden.empty()) {
        context_.log.error("a running balancer cannot change so; the configuration in use stays");
        return;
    }
    const route::Published published = publisher_.reload(std::move(*configuration), wall_now());
    context_.log.notice("configuration reloaded: generation " +
                        std::to_string(publisher_.generation()) + ", routes of " +
                        std::to_string(published.route_sets.size()) + " and checks of " +
                        std::to_string(published.target_sets.size()) + " groups changed");
    announce(published);
}

void Server::log_statistics() const {
    context_.log.notice("generation " + std::to_string(publisher_.generation()) + ", " +
                        std::to_string(publisher_.scopes().size()) + " groups in use, " +
                        std::to_string(clients_.size()) + " clients, " +
                        std::to_string(publisher_.strangers()) +
                        " reports on targets that are not registered");
    for (const auto& [number, client] : clients_)
        context_.log.notice(client->summary());
}

} // namespace nlb::policy
