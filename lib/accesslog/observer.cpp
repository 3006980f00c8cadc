// SPDX-License-Identifier: Apache-2.0
#include "accesslog/observer.hpp"

#include "accesslog/entry_line.hpp"
#include "accesslog/tls_version.hpp"

#include "wire/tls_hello.hpp"
#include "wire/tls_records.hpp"

#include <algorithm>

namespace nlb::accesslog {

using wire::TcpStream;
using wire::TlsRecordType;

namespace {

constexpr std::size_t kMostConnections = 1U << 18U;
constexpr std::size_t kMostHeld = std::size_t{64} * 1024; // bytes of a stream out of order

std::uint64_t unix_ms(Nanos time) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(time.ns, 0) / 1'000'000);
}

std::uint64_t milliseconds(Nanos from, Nanos to) {
    return unix_ms(to) - std::min(unix_ms(from), unix_ms(to));
}

/// 0x0303 is TLS 1.2, and 12 in a log; nothing of numbers that no document has given away.
std::optional<std::string> version_text(std::uint16_t version) {
    constexpr std::int64_t kTls10 = 0x0301;
    if (version < kTls10 || version > wire::kTls13) return std::nullopt;
    return tls_version_text(10 + version - kTls10);
}

std::string list_of(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names)
        list += (list.empty() ? "" : ",") + url_encoded(name);
    return list;
}

} // namespace

struct Observer::Direction {
    /// What came in order, as records; nothing once it is no TLS, or a part of it is missing.
    std::vector<wire::TlsRecord> feed(const wire::TcpSegment& segment) {
        stream.feed(segment);
        const std::string bytes = stream.drain();
        is_lost = is_lost || !stream.gaps().empty();
        std::vector<wire::TlsRecord> read;
        if (is_lost) return read;
        records.feed(bytes);
        while (auto record = records.next())
            read.push_back(std::move(*record));
        is_lost = records.is_broken();
        return read;
    }

    TcpStream stream{kMostHeld};
    wire::TlsRecords records;
    wire::TlsMessages messages;
    bool is_lost = false;
    bool is_encrypted = false; // change_cipher_spec of TLS 1.2
    bool is_finished = false;  // its part of the handshake
    Sealed sealed;
};

struct Observer::Connection {
    /// Messages of a record that is not encrypted.
    void read_client(const wire::TlsRecord& record) {
        client.messages.feed(record.content);
        while (const auto message = client.messages.next()) {
            if (message->type == static_cast<std::uint8_t>(wire::TlsMessageType::ClientHello))
                hello = wire::read_client_hello(message->body);
        }
    }

    void read_server(const wire::TlsRecord& record) {
        server.messages.feed(record.content);
        while (const auto message = server.messages.next()) {
            if (message->type == static_cast<std::uint8_t>(wire::TlsMessageType::ServerHello)) {
                const auto read = wire::read_server_hello(message->body);
                if (read && !read->is_retry) answer = read;
            }
            if (message->type == static_cast<std::uint8_t>(wire::TlsMessageType::ServerKeyExchange))
                group = wire::read_key_exchange_group(message->body);
        }
    }

    /// What a record means once both directions may be encrypted.
    void note(Direction& side, const wire::TlsRecord& record, Nanos now) {
        const bool is_tls13 = answer && answer->version == wire::kTls13;
        if (record.type == TlsRecordType::ApplicationData) {
            ++side.sealed.records;
            side.sealed.bytes += record.length;
        }
        // Of TLS 1.3 the client's first encrypted record is its Finished, if no data came before
        // it; of the others, what follows change_cipher_spec [RFC 8446 2, RFC 5246 7.3].
        if (is_tls13 && &side == &client && record.type == TlsRecordType::ApplicationData)
            client.is_finished = server.is_finished = true;
        if (!is_tls13 && side.is_encrypted && record.type == TlsRecordType::Handshake)
            side.is_finished = true;
        if (!is_tls13 && record.type == TlsRecordType::ChangeCipherSpec) side.is_encrypted = true;
        if (client.is_finished && server.is_finished && !handshake_end) handshake_end = now;
    }

    [[nodiscard]] bool logs_alpn() const {
        return listener == nullptr || listener->has_alpn_policy;
    }

    Key key;
    std::uint32_t first_sequence = 0;
    const Listener* listener = nullptr;
    std::optional<Nanos> accepted{};
    bool is_answered = false; // SYN-ACK
    bool has_begun_tls = false;
    Direction client{};
    Direction server{};
    std::optional<wire::ClientHello> hello{};
    std::optional<wire::ServerHello> answer{};
    std::optional<std::uint16_t> group{}; // of a key exchange before TLS 1.3
    std::optional<std::uint64_t> alert{};
    std::optional<Nanos> handshake_end{};
};

Observer::Observer(std::vector<Listener> listeners) {
    for (Listener& listener : listeners)
        listeners_.emplace(listener.at, std::move(listener));
}

Observer::~Observer() = default;

std::size_t Observer::open() const {
    return static_cast<std::size_t>(
        std::count_if(connections_.begin(), connections_.end(), [](const auto& one) {
            return one.second->has_begun_tls || one.second->listener != nullptr;
        }));
}

void Observer::begin(const Seen& seen) {
    const Key key{seen.from, seen.to};
    const auto listener = listeners_.find(seen.to);
    if (!listeners_.empty() && listener == listeners_.end()) return;
    connections_.erase(key); // the client's port is used again
    if (connections_.size() >= kMostConnections) {
        ++ignored_;
        return;
    }
    auto made = std::make_unique<Connection>(
        Connection{.key = key,
                   .first_sequence = seen.tcp.sequence,
                   .listener = listener == listeners_.end() ? nullptr : &listener->second});
    made->client.stream.feed(seen.tcp);
    connections_.emplace(key, std::move(made));
}

void Observer::take(const Seen& seen) {
    const auto out = connections_.find({seen.from, seen.to});
    const bool is_new = out == connections_.end() || //
                        out->second->first_sequence != seen.tcp.sequence;
    if (seen.tcp.syn && !seen.ack && is_new) return begin(seen);
    const auto at = out != connections_.end() ? out : connections_.find({seen.to, seen.from});
    if (at == connections_.end()) return;
    Connection& connection = *at->second;
    if (at == out)
        from_client(connection, seen);
    else
        from_server(connection, seen);
    const auto is_over = [](const Direction& side) {
        return side.stream.state() == TcpStream::State::Finished;
    };
    const bool is_other = !connection.has_begun_tls && connection.listener == nullptr &&
                          (connection.client.is_lost || connection.server.is_lost);
    if (seen.tcp.rst || is_other || (is_over(connection.client) && is_over(connection.server))) {
        if (!is_other) end(connection, seen.time);
        connections_.erase(at);
    }
}

void Observer::from_client(Connection& connection, const Seen& seen) {
    if (!connection.accepted && connection.is_answered && seen.ack && !seen.tcp.rst)
        connection.accepted = seen.time;
    for (const wire::TlsRecord& record : connection.client.feed(seen.tcp)) {
        connection.has_begun_tls |= record.type == TlsRecordType::Handshake;
        if (!connection.client.is_encrypted) {
            if (record.type == TlsRecordType::Handshake) connection.read_client(record);
            if (const auto alert = record.alert()) connection.alert = *alert;
        }
        connection.note(connection.client, record, seen.time);
    }
}

void Observer::from_server(Connection& connection, const Seen& seen) {
    connection.is_answered |= seen.tcp.syn && seen.ack;
    for (const wire::TlsRecord& record : connection.server.feed(seen.tcp)) {
        if (!connection.server.is_encrypted && record.type == TlsRecordType::Handshake)
            connection.read_server(record);
        connection.note(connection.server, record, seen.time);
    }
}

void Observer::tell_hello(const Connection& connection, contract::TlsConnection& entry) {
    if (!connection.hello) return;
    entry.domain_name = url_encoded(connection.hello->server_name);
    if (connection.logs_alpn()) entry.alpn_client_preference_list = list_of(connection.hello->alpn);
}

/// What was agreed on, once the handshake is over.
void Observer::tell_answer(const Connection& connection, Ended& ended) {
    if (!connection.handshake_end || !connection.answer) return;
    const wire::ServerHello& answer = *connection.answer;
    contract::TlsConnection& entry = ended.entry;
    const bool may_be_early =
        answer.version == wire::kTls13 && connection.hello && connection.hello->offers_early_data;
    if (!may_be_early)
        entry.tls_handshake_time_ms = milliseconds(*connection.accepted, *connection.handshake_end);
    entry.tls_protocol_version = version_text(answer.version);
    if (connection.logs_alpn()) entry.alpn_fe_protocol = url_encoded(answer.alpn);
    ended.choice = {answer.version, answer.cipher,
                    answer.group != 0 ? std::optional(answer.group) : connection.group};
}

void Observer::end(const Connection& connection, Nanos now) {
    if (!connection.accepted || (!connection.has_begun_tls && connection.listener == nullptr))
        return;
    const auto& [client, server] = connection.key;
    Ended ended;
    contract::TlsConnection& entry = ended.entry;
    entry.time_ms = unix_ms(now);
    entry.tls_connection_creation_time_ms = unix_ms(*connection.accepted);
    entry.connection_time_ms = milliseconds(*connection.accepted, now);
    entry.client_address = client.address;
    entry.client_port = client.port;
    entry.destination_address = server.address;
    entry.destination_port = server.port;
    entry.incoming_tls_alert = connection.alert;
    if (connection.listener != nullptr) {
        entry.elb = connection.listener->elb;
        entry.listener = connection.listener->id;
    }
    tell_hello(connection, entry);
    tell_answer(connection, ended);
    if (!connection.client.is_lost) ended.received = connection.client.sealed;
    if (!connection.server.is_lost) ended.sent = connection.server.sealed;
    ended_.push_back(std::move(ended));
}

} // namespace nlb::accesslog
