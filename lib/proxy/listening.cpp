// SPDX-License-Identifier: Apache-2.0
#include "proxy/listening.hpp"

#include "proxy/udp_socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <iterator>

namespace nlb::proxy {

namespace {

constexpr int kBacklog = 65'535; // the kernel cuts it to net.core.somaxconn [listen(2)]

Result<void> set(const io::Fd& socket, int level, int option, const std::string& attempt) {
    const int one = 1;
    if (::setsockopt(socket.get(), level, option, &one, sizeof one) == 0) return {};
    return io::sys_error(attempt);
}

/// Accepted sockets inherit these [tcp(7)]; an urgent byte is then one of the stream, not lost.
Result<void> prepare_tcp(const io::Fd& socket, const std::string& attempt) {
    Result<void> done = set(socket, SOL_SOCKET, SO_REUSEADDR, attempt);
    if (done) done = set(socket, SOL_SOCKET, SO_OOBINLINE, attempt);
    if (done) done = set(socket, IPPROTO_TCP, TCP_NODELAY, attempt);
    if (done) done = set(socket, IPPROTO_TCP, TCP_SAVE_SYN, attempt);
    return done;
}

/// The first socket of an address is bound without SO_REUSEPORT, so that a second process of ours
/// is refused instead of taking half of the connections; the others then join it.
Result<io::Fd> bound_socket(const ListenerPlace& place, bool is_first, const std::string& attempt) {
    const bool v4 = place.address.address.is_v4();
    const bool is_udp = place.transport == Transport::Udp;
    io::Fd socket(::socket(v4 ? AF_INET : AF_INET6,
                           (is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) return io::sys_error(attempt);
    Result<void> done;
    if (is_udp)
        prefer_joined(socket.get());
    else
        done = prepare_tcp(socket, attempt);
    if (done && !v4) done = set(socket, IPPROTO_IPV6, IPV6_V6ONLY, attempt);
    if (done && !is_first) done = set(socket, SOL_SOCKET, SO_REUSEPORT, attempt);
    if (!done) return tl::unexpected<Error>(done.error());
    const auto raw = io::SocketAddress::from(place.address);
    if (::bind(socket.get(), raw.get(), raw.length) != 0) return io::sys_error(attempt);
    if (is_first) done = set(socket, SOL_SOCKET, SO_REUSEPORT, attempt);
    if (!done) return tl::unexpected<Error>(done.error());
    return socket;
}

Result<void> copy(const std::vector<io::Fd>& sockets, std::vector<io::Fd>& copies) {
    for (const io::Fd& socket : sockets) {
        auto one = socket.duplicate();
        if (!one) return tl::unexpected<Error>(one.error());
        copies.push_back(std::move(*one));
    }
    return {};
}

} // namespace

Result<std::vector<io::Fd>> listening_sockets(const ListenerPlace& place, std::size_t count,
                                              std::size_t others) {
    const bool is_udp = place.transport == Transport::Udp;
    const std::string attempt = "listen at " + place.address.text() + (is_udp ? " for UDP" : "");
    std::vector<io::Fd> sockets;
    for (std::size_t i = 0; i < count; ++i) {
        auto socket = bound_socket(place, others + i == 0, attempt);
        if (!socket) return tl::unexpected<Error>(socket.error());
        sockets.push_back(std::move(*socket));
    }
    for (const io::Fd& socket : sockets) {
        if (!is_udp && ::listen(socket.get(), kBacklog) != 0) return io::sys_error(attempt);
    }
    return sockets;
}

bool is_local_address(const IpAddress& address) {
    const io::Fd socket(
        ::socket(address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto raw = io::SocketAddress::from(Endpoint{address, 0});
    return socket.is_open() && ::bind(socket.get(), raw.get(), raw.length) == 0;
}

ListenerPlace Listening::place_of(const WantedListener& wanted) {
    return {wanted.route->info->address, wanted.route->info->transport};
}

std::uint32_t Listening::free_slot() {
    for (std::uint32_t slot = 0; slot < used_.size(); ++slot) {
        if (!used_[slot]) return slot;
    }
    used_.push_back(false);
    return static_cast<std::uint32_t>(used_.size() - 1);
}

void Listening::close_unclaimed(const std::map<ListenerPlace, bool>& claimed, Changes& changes) {
    for (auto it = slots_.begin(); it != slots_.end();) {
        if (claimed.contains(it->first)) {
            ++it;
            continue;
        }
        sockets_.erase(it->first);
        for (const std::uint32_t slot : it->second) {
            changes.close.push_back(slot);
            used_[slot] = false;
        }
        it = slots_.erase(it);
    }
}

Result<std::vector<io::Fd>> Listening::sockets_for(const ListenerPlace& place) {
    const auto known = inherited_.find(place);
    const std::size_t had = known == inherited_.end() ? 0 : known->second.size();
    // One more socket would spread the flows of datagrams anew.
    const bool is_enough = had >= workers_ || (had != 0 && place.transport == Transport::Udp);
    auto bound = listening_sockets(place, is_enough ? 0 : workers_ - had, had);
    if (!bound && had == 0) return bound;
    std::vector<io::Fd> sockets;
    if (bound) sockets = std::move(*bound); // else of another user: those that there are will do
    std::vector<io::Fd> copies;
    if (keeps_copies_) {
        Result<void> done = had == 0 ? Result<void>() : copy(known->second, copies);
        if (done) done = copy(sockets, copies);
        if (!done) return tl::unexpected<Error>(done.error());
        sockets_.insert_or_assign(place, std::move(copies));
    }
    if (had == 0) return sockets;
    std::vector<io::Fd> all = std::move(known->second);
    inherited_.erase(known);
    std::move(sockets.begin(), sockets.end(), std::back_inserter(all));
    return all;
}

/// A worker has one socket in a slot; where there are more sockets than workers it has several.
std::vector<std::uint32_t> Listening::open(std::vector<io::Fd> sockets, Changes& changes) {
    std::vector<std::uint32_t> slots;
    for (std::size_t first = 0; first < sockets.size(); first += workers_) {
        std::vector<io::Fd> row(workers_);
        for (std::size_t i = 0; i < workers_ && first + i < sockets.size(); ++i)
            row[i] = std::move(sockets[first + i]);
        const std::uint32_t slot = free_slot();
        used_[slot] = true;
        changes.open.emplace_back(slot, std::move(row));
        slots.push_back(slot);
    }
    return slots;
}

Listening::Outcome Listening::place(const WantedListener& wanted,
                                    const std::map<ListenerPlace, bool>& claimed,
                                    RoutingTable& table, Changes& changes) {
    if (wanted.error != 0) return {wanted.error, wanted.why};
    const ListenerPlace place = place_of(wanted);
    if (claimed.contains(place) && claimed.at(place)) {
        return {EADDRINUSE, "another listener of the route-set has this address and port"};
    }
    auto it = slots_.find(place);
    if (it == slots_.end()) {
        auto sockets = sockets_for(place);
        if (!sockets) {
            changes.retry = true;
            unbound_.push_back(place);
            return {sockets.error().sys, sockets.error().text()};
        }
        it = slots_.emplace(place, open(std::move(*sockets), changes)).first;
    }
    for (const std::uint32_t slot : it->second) {
        if (slot >= table.by_slot.size()) table.by_slot.resize(slot + 1);
        table.by_slot[slot] = wanted.route;
    }
    return {};
}

void Listening::tell(const std::map<Key, contract::ListenerState>& now, Changes& changes) {
    for (const auto& [key, state] : states_) {
        if (now.contains(key)) continue;
        changes.states.push_back(
            {state.listener, state.zone, false, std::nullopt, std::nullopt, std::nullopt});
    }
    for (const auto& [key, state] : now) {
        const auto before = states_.find(key);
        if (before == states_.end() || before->second != state) changes.states.push_back(state);
    }
}

Listening::Changes Listening::reconcile(const std::vector<WantedListener>& wanted) {
    Changes changes;
    std::map<ListenerPlace, bool> claimed;
    for (const WantedListener& one : wanted) {
        if (one.error == 0) claimed.emplace(place_of(one), false);
    }
    close_unclaimed(claimed, changes);
    std::erase_if(inherited_, [&](const auto& one) { return !claimed.contains(one.first); });
    unbound_.clear();
    auto table = std::make_shared<RoutingTable>();
    std::map<Key, contract::ListenerState> now;
    for (const WantedListener& one : wanted) {
        const ListenerInfo& info = *one.route->info;
        const Outcome outcome = place(one, claimed, *table, changes);
        if (one.error == 0) claimed[place_of(one)] = true;
        // A listener with two addresses in a zone, or two transports, is bound when both are.
        auto& state =
            now.try_emplace({info.listener.value, info.zone},
                            contract::ListenerState{info.listener, info.zone, true, std::nullopt,
                                                    std::nullopt, std::nullopt})
                .first->second;
        if (!one.lacks.empty()) state.lacks = one.lacks;
        if (outcome.error != 0) {
            state.bound = false;
            state.error_number = static_cast<std::uint64_t>(outcome.error);
            state.error = outcome.why;
        }
    }
    // What has been bound in the meantime needs no other sockets.
    std::erase_if(inherited_, [&](const auto& one) { return slots_.contains(one.first); });
    tell(now, changes);
    states_ = std::move(now);
    changes.table = std::move(table);
    return changes;
}

std::optional<Listening::Reader> Listening::reader(const ListenerPlace& place,
                                                   std::size_t socket) const {
    const auto slots = slots_.find(place);
    if (slots == slots_.end() || socket / workers_ >= slots->second.size()) return std::nullopt;
    return Reader{slots->second[socket / workers_], socket % workers_};
}

std::size_t Listening::number_of(std::uint32_t slot, std::size_t worker) const {
    for (const auto& [place, slots] : slots_) {
        const auto it = std::find(slots.begin(), slots.end(), slot);
        if (it != slots.end())
            return static_cast<std::size_t>(it - slots.begin()) * workers_ + worker;
    }
    return worker;
}

std::vector<contract::ListenerState> Listening::states() const {
    std::vector<contract::ListenerState> all;
    for (const auto& [key, state] : states_)
        all.push_back(state);
    return all;
}

} // namespace nlb::proxy
