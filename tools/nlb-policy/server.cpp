// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include "describe.hpp"

#include "app/configuration_file.hpp"
#include "io/clock.hpp"

#include "route/shift.hpp"

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

Server::Server(app::Context& context, io::EventLoop& loop, Options options,
               model::Configuration configuration)
    : context_(context), loop_(loop), options_(std::move(options)),
      publisher_(std::move(configuration)), merger_(publisher_, options_.consensus),
      control_(context, publisher_, merger_, [this] { return peers(); }),
      state_(context, options_.state) {
    loop_.after_each_round([this](Nanos now) { round(now); });
}

Server::~Server() {
    clients_.clear();
    if (listener_) loop_.remove(listener_->fd());
}

Result<void> Server::listen(const std::string& path) {
    if (auto made = io::make_socket_directory(path); !made) return made;
    auto listener = io::UnixListener::make(path); // its lock keeps the state file to one process
    if (!listener) return tl::unexpected<Error>(listener.error());
    auto state = state_.load();
    if (!state) return tl::unexpected<Error>(state.error());
    publisher_.restore(std::move(*state), wall_now());
    merger_.expect(publisher_.everything());
    announce(publisher_.publish(wall_now()));
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
    const Client::Surroundings around{
        context_,
        loop_,
        publisher_,
        merger_,
        pace_,
        [this](const contract::TargetEvidence& evidence) {
            for (const auto& [number, one] : clients_)
                one->pass_on(evidence);
        },
        [this](const contract::Request& request, contract::StreamWriter& out) {
            answer(request, out);
        }};
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
    if (pace_.due(now)) announce(publisher_.publish(wall_now()));
    arm();
    arm_votes();
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
        announce(publisher_.publish(wall_now()));
        arm();
    });
}

/// Waits for the next checker to have been silent for too long.
void Server::arm_votes() {
    const Nanos next = merger_.consensus().deadline();
    if (votes_timer_ != 0 && votes_armed_for_ <= next) return; // it will look again then
    loop_.cancel(votes_timer_);
    votes_timer_ = 0;
    if (next.is_never()) return;
    votes_armed_for_ = next;
    votes_timer_ = loop_.at(next, [this](Nanos now) {
        votes_timer_ = 0;
        note(merger_.tick(now));
    });
}

void Server::note(const std::vector<route::HealthChange>& changes) {
    for (const route::HealthChange& change : changes)
        context_.log.notice(describe(change));
    if (changes.empty()) return;
    pace_.touch(io::now());
    pace_.pause(); // nobody else will tell that this was all
}

void Server::answer(const contract::Request& request, contract::StreamWriter& out) {
    control_.answer(request, out);
    announce(publisher_.publish(wall_now()));
}

std::vector<contract::Message> Server::peers() const {
    std::vector<contract::Message> lines;
    for (const auto& [number, client] : clients_) {
        lines.emplace_back(client->peer());
        for (const contract::ListenerState& state : client->listeners())
            lines.emplace_back(state);
    }
    return lines;
}

void Server::announce(const route::Published& published) {
    if (!published.target_sets.empty()) merger_.expect(published.target_sets);
    state_.save(publisher_.running());
    for (const route::ModeChange& change : published.modes)
        context_.log.notice(describe(change));
    for (const auto& [number, client] : clients_)
        client->owe(published);
}

void Server::reload() {
    auto configuration = load_configuration(context_, options_.file);
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
    if (!keeps_shifts(*configuration)) return;
    const route::Published published = publisher_.reload(std::move(*configuration), wall_now());
    context_.log.notice("configuration reloaded: generation " +
                        std::to_string(publisher_.generation()) + ", routes of " +
                        std::to_string(published.route_sets.size()) + " and checks of " +
                        std::to_string(published.target_sets.size()) + " groups changed");
    announce(published);
}

bool Server::keeps_shifts(const model::Configuration& next) const {
    for (const route::ZonalShift& shift : publisher_.running().shifts) {
        const auto why = route::shift_objection(next, shift);
        if (why.empty()) continue;
        context_.log.error("zonal shift of " + describe(shift) + ": " + why +
                           "; cancel it first: the configuration in use stays");
        return false;
    }
    return true;
}

void Server::log_statistics() const {
    context_.log.notice("generation " + std::to_string(publisher_.generation()) + ", " +
                        std::to_string(publisher_.scopes().size()) + " groups in use, " +
                        std::to_string(clients_.size()) + " clients, " +
                        std::to_string(merger_.consensus().strangers()) +
                        " reports on targets that are not registered");
    for (const auto& [number, client] : clients_)
        context_.log.notice(client->summary());
}

} // namespace nlb::policy
