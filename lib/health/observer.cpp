// SPDX-License-Identifier: Apache-2.0
#include "health/observer.hpp"

#include "health/request_kind.hpp"

#include "base/text.hpp"
#include "wire/tls_records.hpp"

#include <algorithm>
#include <cerrno>

namespace nlb::health {

using model::HealthState;

namespace {

constexpr Nanos kSilence = Nanos::seconds(30); // [p.14]
constexpr std::size_t kMostConnections = 1U << 18U;
constexpr std::size_t kMostHeld = std::size_t{64} * 1024; // bytes of a stream out of order

} // namespace

struct Observer::Target {
    const CheckSettings* settings;
    model::TargetGroupId group;
    model::TargetId id;
    Endpoint check;
    Endpoint traffic;
    Threshold threshold{};
    std::string text{};
    Nanos since{};
    std::uint64_t probes = 0;
};

/// A connection as one target's group sees it; a target may be in several.
struct Observer::Track {
    std::size_t target;
    RequestKind kind = RequestKind::Undecided;
    std::optional<ProbeRun> run{};
    bool is_done = false;
};

struct Observer::Connection {
    Key key;
    std::uint64_t number;
    Nanos start;
    std::uint32_t first_sequence;
    bool established = false;
    bool target_spoke = false;
    wire::TcpStream client{kMostHeld};
    wire::TcpStream target{kMostHeld};
    std::string request{}; // until every track is decided
    wire::TlsRecords records{};
    bool is_encrypted = false;
    bool has_application_data = false;
    std::string tls_failure{};
    std::vector<Track> tracks{};
};

Observer::Observer(std::vector<GroupSet> groups) : groups_(std::move(groups)) {
    for (const GroupSet& group : groups_) {
        if (!group.settings) continue;
        for (const contract::Target& line : group.targets) {
            if (line.state == HealthState::Unused) continue;
            const Endpoint check = group.settings->endpoint_of(line);
            const Endpoint traffic{line.address, static_cast<std::uint16_t>(line.port)};
            by_endpoint_[check].push_back(targets_.size());
            if (traffic != check) by_endpoint_[traffic].push_back(targets_.size());
            targets_.push_back({&*group.settings, group.id, line.target, check, traffic});
        }
    }
}

Observer::~Observer() = default;

void Observer::take(const Seen& seen) {
    tick(std::max(now_, seen.time));
    const auto out = connections_.find({seen.from, seen.to});
    const bool is_syn = seen.tcp.syn && !seen.ack;
    const auto whose = is_syn ? by_endpoint_.find(seen.to) : by_endpoint_.end();
    if (whose != by_endpoint_.end() &&
        (out == connections_.end() || out->second->first_sequence != seen.tcp.sequence)) {
        return begin(seen, whose->second);
    }
    const auto back = connections_.find({seen.to, seen.from});
    Connection* connection = nullptr;
    if (out != connections_.end()) {
        connection = out->second.get();
        from_client(*connection, seen);
    } else if (back != connections_.end()) {
        connection = back->second.get();
        from_target(*connection, seen);
    }
    if (connection != nullptr && is_over(*connection)) connections_.erase(Key(connection->key));
}

void Observer::begin(const Seen& seen, const std::vector<std::size_t>& whose) {
    const Key key{seen.from, seen.to};
    connections_.erase(key); // the client's port is used again
    if (connections_.size() >= kMostConnections) {
        ++ignored_;
        return;
    }
    auto made = std::make_unique<Connection>(Connection{
        .key = key, .number = ++started_, .start = now_, .first_sequence = seen.tcp.sequence});
    Connection& connection = *made;
    connection.client.feed(seen.tcp);
    for (const std::size_t target : whose) {
        connection.tracks.push_back({target});
        const Target& its = targets_[target];
        deadlines_.emplace(now_ + its.settings->timeout, std::pair(key, connection.number));
        Track& track = connection.tracks.back();
        track.kind = kind_by_ends(*its.settings, its.check == seen.to, its.traffic == seen.to,
                                  seen.from.address);
        if (track.kind == RequestKind::Check) become_check(connection, track);
    }
    deadlines_.emplace(now_ + kSilence, std::pair(key, connection.number));
    connections_.emplace(key, std::move(made));
}

void Observer::from_client(Connection& connection, const Seen& seen) {
    connection.client.feed(seen.tcp);
    const std::string bytes = connection.client.drain();
    if (connection.request.size() < wire::kMostHeaderBytes) connection.request += bytes;
    const auto state = connection.client.state();
    for (Track& track : connection.tracks) {
        if (track.kind == RequestKind::Undecided)
            decide(connection, track, state == wire::TcpStream::State::Finished);
        // Who made the check gave it up.
        if (seen.tcp.rst) track.is_done = true;
    }
}

void Observer::decide(Connection& connection, Track& track, bool client_ended) {
    const Target& target = targets_[track.target];
    track.kind = kind_by_request(*target.settings, connection.request, client_ended);
    if (track.kind == RequestKind::Check) become_check(connection, track);
}

void Observer::become_check(Connection& connection, Track& track) {
    const Target& target = targets_[track.target];
    track.kind = RequestKind::Check;
    track.run.emplace(*target.settings, target.check, connection.start);
    if (connection.established) track.run->on_connected();
    track.run->sent(track.run->pending().size());
    settle(connection, track);
}

void Observer::from_target(Connection& connection, const Seen& seen) {
    if (seen.tcp.rst) return on_reset(connection);
    connection.established = connection.established || (seen.tcp.syn && seen.ack);
    connection.target.feed(seen.tcp);
    const std::string bytes = connection.target.drain();
    connection.target_spoke = connection.target_spoke || !seen.tcp.payload.empty();
    read_records(connection, bytes);
    for (Track& track : connection.tracks) {
        if (track.kind == RequestKind::Undecided && connection.target_spoke)
            track.kind = RequestKind::Client; // it speaks first: no check has such a protocol
        if (track.run) answer(connection, track, bytes);
    }
}

/// Of the target, as if it spoke TLS.
void Observer::read_records(Connection& connection, std::string_view bytes) {
    using wire::TlsRecordType;
    connection.records.feed(bytes);
    while (const auto record = connection.records.next()) {
        connection.is_encrypted |= record->type == TlsRecordType::ChangeCipherSpec;
        connection.has_application_data |= record->type == TlsRecordType::ApplicationData;
        if (const auto alert = record->alert(); alert && !connection.is_encrypted)
            connection.tls_failure = "TLS alert " + std::to_string(*alert);
    }
    if (connection.records.is_broken()) connection.tls_failure = "no TLS record came";
}

/// What came from the target goes to a check's machine.
void Observer::answer(Connection& connection, Track& track, std::string_view bytes) {
    if (connection.established) track.run->on_connected();
    track.run->sent(track.run->pending().size());
    if (connection.is_encrypted) track.run->on_tls_established();
    if (!targets_[track.target].settings->is_https()) {
        if (!bytes.empty()) track.run->feed(bytes);
    } else if (connection.has_application_data) {
        track.run->on_sealed_answer();
    } else if (!connection.tls_failure.empty()) {
        track.run->on_tls_failure(connection.tls_failure);
    }
    if (connection.target.state() == wire::TcpStream::State::Finished) track.run->on_end();
    settle(connection, track);
}

void Observer::on_reset(Connection& connection) {
    for (Track& track : connection.tracks) {
        if (track.kind == RequestKind::Undecided && !connection.established)
            become_check(connection, track);
        if (track.run) {
            track.run->on_error(connection.established ? ECONNRESET : ECONNREFUSED);
            settle(connection, track);
        } else if (!track.is_done && !connection.target_spoke) {
            show(track, connection.established ? Sign::Reset : Sign::Refused);
        }
        track.is_done = true;
    }
}

void Observer::tick(Nanos now) {
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
        const auto node = deadlines_.extract(deadlines_.begin());
        now_ = node.key();
        const auto& [key, number] = node.mapped();
        const auto found = connections_.find(key);
        if (found == connections_.end() || found->second->number != number) continue;
        on_deadline(*found->second);
        if (is_over(*found->second)) connections_.erase(found);
    }
    now_ = now;
}

void Observer::on_deadline(Connection& connection) {
    const bool is_silent = now_ - connection.start >= kSilence;
    for (Track& track : connection.tracks) {
        if (track.is_done) continue;
        const bool late = now_ - connection.start >= targets_[track.target].settings->timeout;
        if (track.kind == RequestKind::Undecided && !connection.established && late)
            become_check(connection, track);
        if (track.run) {
            track.run->tick(now_);
            settle(connection, track);
        } else if (is_silent) {
            if (!connection.established) show(track, Sign::Silent);
            track.is_done = true; // what it shows from now on is no evidence
        }
    }
}

bool Observer::is_over(const Connection& connection) {
    return std::all_of(connection.tracks.begin(), connection.tracks.end(), [&](const Track& track) {
        return track.is_done || (track.kind == RequestKind::Client && connection.target_spoke);
    });
}

void Observer::settle(Connection& connection, Track& track) {
    if (track.is_done || !track.run || !track.run->result()) return;
    Target& target = targets_[track.target];
    const ProbeResult result = *track.run->result();
    track.run.reset();
    track.is_done = true;
    contract::CheckResult line{target.group, target.id, std::string(to_text(result.outcome)),
                               std::nullopt,
                               static_cast<std::uint64_t>((now_ - connection.start).ns)};
    if (!result.text.empty()) line.text = result.text;
    reports_.push_back({now_, std::move(line)});
    ++target.probes;
    if (result.outcome != ProbeOutcome::Passed) target.text = result.text;
    const HealthState before = target.threshold.state();
    target.threshold.record(verdict_of(result.outcome), target.settings->thresholds);
    tell_change(target, before);
}

void Observer::show(Track& track, Sign sign) {
    Target& target = targets_[track.target];
    if (target.settings->is_udp) return;
    reports_.push_back({now_, contract::TargetEvidence{target.group, target.id, "capture",
                                                       std::string(to_text(sign)), 1}});
    const HealthState before = target.threshold.state();
    const Weight weight = sign == Sign::Reset ? Weight::Reset : Weight::Refused;
    if (!target.threshold.weigh(weight, 1, target.settings->thresholds)) return;
    target.text = "1 flow " + std::string(to_text(sign));
    tell_change(target, before);
}

void Observer::tell_change(Target& target, HealthState before) {
    if (target.threshold.state() == before) return;
    target.since = now_;
    reports_.push_back({now_, Transition{before, message(target)}});
}

contract::TargetHealth Observer::message(const Target& target) const {
    const HealthState state = target.threshold.state();
    contract::TargetHealth out{target.group, target.id,
                               state,        std::nullopt,
                               std::nullopt, static_cast<std::uint64_t>((now_ - target.since).ns),
                               target.probes};
    if (state == HealthState::Healthy) return out;
    out.reason = reason_of(state);
    out.description = description_of(*out.reason);
    if (state != HealthState::Initial && !target.text.empty())
        *out.description += ": " + target.text;
    return out;
}

std::vector<contract::TargetHealth> Observer::states() const {
    std::vector<contract::TargetHealth> lines;
    for (const Target& target : targets_)
        lines.push_back(message(target));
    return lines;
}

} // namespace nlb::health
