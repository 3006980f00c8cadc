// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include "describe.hpp"

#include "io/clock.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace nlb::policy {

namespace {

constexpr std::uint64_t kComplaintsTold = 5;
constexpr std::size_t kMostHints = 1U << 16; // bytes of evidence a slow reader is given
constexpr Nanos kBetweenRequests =
    Nanos::seconds(1); // a peer that always fails is not asked faster

} // namespace

Client::Role Client::role_of(std::string_view role) {
    if (role == "health") return Role::Health;
    if (role == "forward") return Role::Forward;
    if (role == "observer") return Role::Observer;
    return role == "control" ? Role::Control : Role::None;
}

Result<std::unique_ptr<Client>> Client::make(const Surroundings& around, io::Fd socket,
                                             std::uint64_t number) {
    auto out = socket.duplicate();
    if (!out) return tl::unexpected<Error>(out.error());
    std::unique_ptr<Client> client(new Client(around, number));
    Client* self = client.get(); // the link is a part of it
    auto link = io::MessageLink::make(
        around.loop, std::move(socket), std::move(*out), around.context.hello("policy"),
        {.on_event = [self](const contract::Event& event) { self->take(event); },
         .on_batch = [self] { self->around_.pace.pause(); },
         .on_closed = [self](const Result<void>& how) { self->closed(how); }});
    if (!link) return tl::unexpected<Error>(link.error());
    client->link_ = std::move(*link);
    return client;
}

Client::~Client() {
    around_.loop.cancel(request_);
}

void Client::take(const contract::Event& event) {
    Merger::Voice voice(around_.merger, voter_, io::now());
    const route::Intake::Taken taken = intake_.take(event, voice);
    note(taken.changes);
    if (!taken.warning.empty()) complain(taken.warning);
    if (taken.lost) want_snapshot(taken.warning);
    if (taken.other != nullptr) take_message(*taken.other);
}

void Client::take_message(const contract::Message& message) {
    if (const auto* hello = std::get_if<contract::Hello>(&message)) return greet(*hello);
    if (std::holds_alternative<contract::SnapshotRequest>(message)) return owe_everything();
    if (const auto* state = std::get_if<contract::ListenerState>(&message)) return note(*state);
    if (const auto* applied = std::get_if<contract::RouteApplied>(&message)) return note(*applied);
    if (const auto* evidence = std::get_if<contract::TargetEvidence>(&message))
        return note(*evidence);
    if (const auto* request = std::get_if<contract::Request>(&message)) {
        around_.on_request(*request, link_->writer());
        return link_->flush();
    }
    if (std::holds_alternative<contract::Heartbeat>(message))
        return note(around_.merger.heard(voter_, io::now()));
    if (std::holds_alternative<contract::Unknown>(message) ||
        std::holds_alternative<contract::Time>(message))
        return;
    complain("a message that nlb-policy does not read");
}

void Client::greet(const contract::Hello& hello) {
    const std::string role = hello.role.value_or("");
    role_ = role_of(role);
    voter_ = Merger::voter(hello);
    if (role_ == Role::Control)
        around_.context.log.debug(name() + " asks");
    else
        around_.context.log.notice(name() + " connected");
    if (hello.contract != contract::kContractVersion) {
        complain("it speaks version " + std::to_string(hello.contract) +
                 " of the contract, this is version " + std::to_string(contract::kContractVersion));
    }
    if (role_ == Role::None) {
        complain("role " + in_quotes(role) +
                 " gets nothing; health, forward, observer and control do");
    }
    owe_everything();
}

void Client::owe_everything() {
    if (role_ != Role::None && role_ != Role::Control) backlog_.owe(around_.publisher.everything());
}

void Client::owe(const route::Published& published) {
    if (role_ == Role::Health) backlog_.owe(published.target_sets);
    if (role_ == Role::Forward || role_ == Role::Observer) backlog_.owe(published.route_sets);
}

std::vector<contract::Set> Client::sets(const std::vector<model::TargetGroupId>& scopes) const {
    const route::Publisher& publisher = around_.publisher;
    if (role_ == Role::Forward) return publisher.route_sets(scopes);
    if (role_ == Role::Health) {
        return publisher.target_sets(scopes, model::ZoneName{intake_.peer().zone.value_or("")});
    }
    std::vector<contract::Set> all;
    for (const model::TargetGroupId& scope : scopes) {
        all.push_back(around_.merger.health_set(scope));
        all.back().more = true;
    }
    if (!all.empty()) all.back().more = false;
    return all;
}

void Client::pay() {
    if (ended_ || backlog_.empty() || !link_->is_flushed()) return;
    for (const contract::Set& set : sets(backlog_.settle(around_.publisher)))
        contract::append_set(set, link_->writer());
    sent_generation_ = around_.publisher.generation();
    link_->flush();
}

void Client::note(const contract::ListenerState& state) {
    const auto key = std::pair(state.listener.value, state.zone);
    const bool known = listeners_.contains(key);
    ListenerStanding& standing = listeners_[key];
    std::string words = state.bound ? "bound" : "not bound";
    if (!state.bound && state.error) words += " (" + in_quotes(*state.error) + ")";
    if (state.lacks) words += ", without " + in_quotes(*state.lacks);
    if (known && standing.words == words) return;
    const std::string text = name() + ": " + in_quotes(key.first) + " in zone " +
                             in_quotes(key.second) + ": " + (known ? standing.words + " -> " : "") +
                             words;
    standing = {state, std::move(words)};
    if (state.bound) {
        around_.context.log.notice(text);
    } else {
        around_.context.log.warning(text);
    }
}

void Client::note(const contract::TargetEvidence& evidence) {
    around_.context.log.debug(name() + ": target " + in_quotes(evidence.target.value) + " of " +
                              evidence.group.value + ", zone " + evidence.zone + ": " +
                              std::to_string(evidence.count) + " flows " + evidence.kind);
    around_.on_evidence(evidence);
}

void Client::note(const std::vector<route::HealthChange>& changes) {
    for (const route::HealthChange& change : changes)
        around_.context.log.notice(describe(change));
    if (!changes.empty()) around_.pace.touch(io::now());
}

/// A hint: who does not read now can do without it.
void Client::pass_on(const contract::TargetEvidence& evidence) {
    if (ended_ || role_ != Role::Health) return;
    if (link_->writer().pending().size() > kMostHints) return;
    link_->put(evidence);
    link_->flush();
}

contract::Peer Client::peer() const {
    const contract::Hello& hello = intake_.peer();
    contract::Peer line{.tool = hello.tool,
                        .role = hello.role.value_or(""),
                        .node = hello.node,
                        .zone = hello.zone,
                        .generation = sent_generation_,
                        .applied = std::nullopt,
                        .reads = link_->is_flushed()};
    if (role_ == Role::Forward) line.applied = applied_generation_;
    return line;
}

std::vector<contract::ListenerState> Client::listeners() const {
    std::vector<contract::ListenerState> all;
    for (const auto& [key, standing] : listeners_)
        all.push_back(standing.state);
    return all;
}

void Client::note(const contract::RouteApplied& applied) {
    applied_generation_ = applied.generation;
    around_.context.log.debug(name() + ": generation " + std::to_string(applied.generation) +
                              " in force in " + std::to_string(applied.threads) +
                              " threads after " + std::to_string(applied.took_ns / 1000) + " us");
}

void Client::complain(const std::string& why) {
    ++complaints_;
    if (complaints_ > kComplaintsTold) return;
    around_.context.log.warning(name() + ": " + why);
    if (complaints_ == kComplaintsTold) {
        around_.context.log.warning(name() + ": further complaints are only counted");
    }
}

void Client::want_snapshot(const std::string& why) {
    if (request_ != 0) return;
    const Nanos when = std::max(io::now(), next_request_);
    next_request_ = when + kBetweenRequests;
    request_ = around_.loop.at(when, [this, why](Nanos) {
        request_ = 0;
        if (ended_ || !link_->is_flushed()) return; // it does not read: it would not answer either
        link_->put(contract::SnapshotRequest{why});
        link_->flush();
    });
}

void Client::closed(const Result<void>& how) {
    ended_ = true;
    if (role_ == Role::Control && how) return;
    std::string text = name() + " disconnected";
    if (!how) text += ": " + how.error().text();
    if (complaints_ > 0) text += "; " + std::to_string(complaints_) + " complaints about it";
    around_.context.log.notice(text);
}

std::string Client::name() const {
    const contract::Hello& peer = intake_.peer();
    std::string text = "client " + std::to_string(number_);
    if (peer.tool.empty()) return text;
    text += " (" + in_quotes(peer.tool);
    if (peer.node) text += ", node " + in_quotes(*peer.node);
    if (peer.zone) text += ", zone " + in_quotes(*peer.zone);
    return text + ")";
}

std::string Client::summary() const {
    std::string text = name() + ": sent generation " + std::to_string(sent_generation_);
    if (role_ == Role::Forward) {
        const auto bound = std::count_if(listeners_.begin(), listeners_.end(),
                                         [](const auto& l) { return l.second.state.bound; });
        text += ", applied generation " + std::to_string(applied_generation_) + ", " +
                std::to_string(bound) + " of " + std::to_string(listeners_.size()) +
                " listeners bound";
    }
    return text + ", " + std::to_string(complaints_) + " complaints" +
           (link_->is_flushed() ? "" : ", does not read");
}

} // namespace nlb::policy
