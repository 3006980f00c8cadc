// SPDX-License-Identifier: Apache-2.0
// Real sockets on loopback, time by hand.
#include "proxy/listening.hpp"
#include "proxy/udp_forwarder.hpp"
#include "proxy/udp_socket.hpp"

#include <boost/test/unit_test.hpp>

#include <poll.h>
#include <sys/epoll.h>

#include <array>
#include <string>

using namespace nlb;
using namespace nlb::proxy;

namespace {

constexpr int kDeadlineMs = 10'000;
constexpr std::int64_t kIdleMs = 120'000;

const IpAddress kLoopback = IpAddress::parse("127.0.0.1").value();

class Socket {
  public:
    Socket() : fd_(udp_target_socket(io::SocketAddress::from({kLoopback, 0}), true, error_)) {
        BOOST_REQUIRE(fd_.is_open());
    }

    [[nodiscard]] Endpoint endpoint() const { return endpoint_of(fd_.get()); }

    static Endpoint endpoint_of(int fd) {
        io::SocketAddress name;
        BOOST_REQUIRE(::getsockname(fd, name.get(), &name.length) == 0);
        return name.endpoint();
    }

    void send(const Endpoint& to, const std::string& data) const {
        const auto name = io::SocketAddress::from(to);
        BOOST_REQUIRE(::sendto(fd_.get(), data.data(), data.size(), 0, name.get(), name.length) ==
                      static_cast<ssize_t>(data.size()));
    }

    /// The next datagram and its sender.
    [[nodiscard]] std::pair<std::string, Endpoint> receive() const {
        pollfd ready{fd_.get(), POLLIN, 0};
        BOOST_REQUIRE(::poll(&ready, 1, kDeadlineMs) == 1);
        std::array<char, 2048> bytes{};
        io::SocketAddress name;
        const ssize_t n =
            ::recvfrom(fd_.get(), bytes.data(), bytes.size(), 0, name.get(), &name.length);
        BOOST_REQUIRE(n >= 0);
        return {std::string(bytes.data(), static_cast<std::size_t>(n)), name.endpoint()};
    }

    [[nodiscard]] bool is_silent() const {
        pollfd ready{fd_.get(), POLLIN, 0};
        return ::poll(&ready, 1, 0) == 0;
    }

    void close() { fd_.reset(); }

  private:
    int error_ = 0;
    io::Fd fd_;
};

struct Balancer {
    io::Fd epoll{::epoll_create1(EPOLL_CLOEXEC)};
    ProcessBlock process;
    std::shared_ptr<ListenerCounters> counters = std::make_shared<ListenerCounters>(
        model::ListenerId("l"), "a", model::TargetGroupId("g"), Transport::Udp, 1);
    UdpForwarder forwarder;
    std::int64_t now_ms = 1000;
    Endpoint listener;
    std::array<Socket, 2> targets;
    std::array<std::shared_ptr<PortUse>, 2> ports{std::make_shared<PortUse>(),
                                                  std::make_shared<PortUse>()};
    std::shared_ptr<ListenerInfo> info = std::make_shared<ListenerInfo>();

    explicit Balancer(std::size_t most_flows = 100, UdpTargetSockets::Limits limits = {})
        : forwarder({0, most_flows, limits, true, 7}, epoll.get(), process, 1000) {
        auto sockets = listening_sockets({{kLoopback, 0}, Transport::Udp}, 1, 0).value();
        listener = Socket::endpoint_of(sockets[0].get());
        info->group = model::TargetGroupId("g");
        info->address = listener;
        info->idle_timeout_ms = kIdleMs;
        info->counters = counters;
        info->transport = Transport::Udp;
        route_to({0});
        forwarder.listen(0, std::move(sockets[0]));
    }

    /// New flows go to these from now on.
    void route_to(const std::vector<std::uint32_t>& numbers, bool preserves_client_ip = false) {
        GroupRoute group;
        group.preserves_client_ip = preserves_client_ip;
        ListenerRoute route;
        for (const std::uint32_t number : numbers) {
            const Endpoint at = targets.at(number).endpoint();
            const model::TargetId id(std::to_string(number));
            group.ring.push_back(static_cast<std::uint32_t>(group.targets.size()));
            group.targets.push_back({id, at, io::SocketAddress::from(at)});
            route.labels.push_back(
                std::make_shared<FlowLabel>(FlowLabel{info, id, at, ports.at(number)}));
        }
        route.info = info;
        route.group = std::make_shared<GroupRoute>(std::move(group));
        RoutingTable table;
        table.by_slot.push_back(std::make_shared<ListenerRoute>(std::move(route)));
        forwarder.use(std::make_shared<RoutingTable>(std::move(table)));
    }

    /// One round of the loop, in which something happens.
    void turn() { BOOST_REQUIRE(happens(kDeadlineMs)); }

    bool happens(int within_ms) {
        std::array<epoll_event, 16> events{};
        const int n = ::epoll_wait(epoll.get(), events.data(), events.size(), within_ms);
        for (int i = 0; i < n; ++i) {
            const epoll_event& event = events.at(static_cast<std::size_t>(i));
            forwarder.on_event(event.data.u64, event.events, now_ms);
        }
        forwarder.flush();
        return n > 0;
    }

    /// The datagram reaches this target; as whom the target sees its sender.
    Endpoint pass(const Socket& client, std::size_t target, const std::string& data = "?") {
        client.send(listener, data);
        turn();
        const auto [got, sender] = targets.at(target).receive();
        BOOST_TEST(got == data);
        return sender;
    }

    /// The datagram reaches nobody.
    void lose(const Socket& client) {
        client.send(listener, "?");
        turn();
        for (const Socket& target : targets)
            BOOST_TEST(target.is_silent());
    }

    void wait_until(std::int64_t then_ms) {
        now_ms = then_ms;
        forwarder.look_at_due(now_ms);
    }

    [[nodiscard]] std::uint64_t count(Count what) const {
        return counters->blocks[0].get(static_cast<std::size_t>(what));
    }

    [[nodiscard]] std::uint64_t dropped(DatagramDrop why) const {
        return counters->blocks[0].get(kCounts + kEnds + static_cast<std::size_t>(why));
    }

    /// Why the only flow that ended did.
    [[nodiscard]] End only_end() {
        const auto ended = std::exchange(forwarder.ended(), {});
        BOOST_REQUIRE(ended.size() == 1U);
        return ended[0].end;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(proxy_udp_forwarder)

BOOST_AUTO_TEST_CASE(datagrams_of_both_sides_keep_a_flow) {
    Balancer balancer;
    const Socket client;
    const Endpoint source = balancer.pass(client, 0);
    balancer.wait_until(1000 + kIdleMs - 1);
    balancer.targets[0].send(source, "answer");
    balancer.turn();
    const auto [answer, from] = client.receive();
    BOOST_TEST(answer == "answer");
    BOOST_TEST((from == balancer.listener));
    const std::int64_t answered_ms = balancer.now_ms;
    balancer.wait_until(answered_ms + kIdleMs - 1);
    BOOST_TEST(balancer.forwarder.live() == 1U);
    balancer.wait_until(answered_ms + kIdleMs + IdleWheel::kStepMs);
    BOOST_TEST(balancer.forwarder.live() == 0U);
    BOOST_TEST(balancer.count(Count::ActiveFlow) == 0U);
    const FlowRecord record = balancer.forwarder.ended().at(0);
    BOOST_TEST((record.end == End::IdleTimeout));
    BOOST_TEST((record.client == client.endpoint()));
    BOOST_TEST(record.client_bytes == 1U);
    BOOST_TEST(record.target_bytes == 6U);
    BOOST_TEST(record.duration_ms == balancer.now_ms - 1000);
}

BOOST_AUTO_TEST_CASE(flows_go_on_in_another_process) {
    Balancer first;
    Balancer second;
    const Socket client;
    const Endpoint source = first.pass(client, 0);
    UdpHandover handover = first.forwarder.give_up(first.now_ms + 10);
    BOOST_TEST(first.forwarder.live() == 0U);
    BOOST_TEST(first.forwarder.ended().empty());
    BOOST_TEST(first.count(Count::ActiveFlow) == 0U);
    BOOST_TEST(first.ports[0]->used() == 0U);
    BOOST_REQUIRE(handover.flows.size() == 1U);
    BOOST_TEST(handover.flows[0].idle_ms == 10);
    BOOST_TEST(handover.flows[0].client_bytes == 1U);
    second.forwarder.adopt(std::move(handover), second.now_ms);
    BOOST_TEST(second.forwarder.live() == 1U);
    BOOST_TEST(first.ports[0]->used() == 1U);
    first.targets[0].send(source, "answer");
    second.turn();
    const auto [answer, from] = client.receive();
    BOOST_TEST(answer == "answer");
    BOOST_TEST((from == second.listener));
    second.wait_until(second.now_ms + kIdleMs + IdleWheel::kStepMs);
    BOOST_TEST((second.only_end() == End::IdleTimeout));
}

BOOST_AUTO_TEST_CASE(flows_that_find_no_room_are_not_adopted) {
    Balancer first;
    Balancer second(0);
    const Socket client;
    first.pass(client, 0);
    second.forwarder.adopt(first.forwarder.give_up(first.now_ms), second.now_ms);
    BOOST_TEST(second.forwarder.live() == 0U);
    BOOST_TEST(first.ports[0]->used() == 0U);
}

BOOST_AUTO_TEST_CASE(an_expired_flow_is_a_new_flow) {
    Balancer balancer;
    const Socket client;
    balancer.pass(client, 0);
    balancer.route_to({1});
    balancer.pass(client, 0);
    balancer.wait_until(1000 + kIdleMs + IdleWheel::kStepMs);
    balancer.pass(client, 1);
    BOOST_TEST(balancer.count(Count::NewFlow) == 2U);
}

BOOST_AUTO_TEST_CASE(no_more_flows_than_the_table_takes) {
    Balancer balancer(2);
    const std::array<Socket, 3> clients;
    balancer.pass(clients[0], 0);
    balancer.pass(clients[1], 0);
    balancer.lose(clients[2]);
    BOOST_TEST(balancer.dropped(DatagramDrop::TableFull) == 1U);
    balancer.pass(clients[0], 0);
    balancer.wait_until(1000 + kIdleMs + IdleWheel::kStepMs);
    balancer.pass(clients[2], 0);
}

BOOST_AUTO_TEST_CASE(source_ports_towards_one_target_run_out) {
    Balancer balancer(100, {100, 2});
    const std::array<Socket, 3> clients;
    BOOST_TEST((balancer.pass(clients[0], 0) != balancer.pass(clients[1], 0)));
    balancer.lose(clients[2]);
    BOOST_TEST(balancer.dropped(DatagramDrop::PortAllocation) == 1U);
    BOOST_TEST(balancer.count(Count::PortAllocationError) == 1U);
    balancer.route_to({1});
    balancer.pass(clients[2], 1); // another target: the same ports
    BOOST_TEST(balancer.forwarder.live() == 3U);
    BOOST_TEST(balancer.ports[0]->used() == 2U);
    balancer.forwarder.stop(balancer.now_ms);
    BOOST_TEST(balancer.ports[0]->used() == 0U);
}

BOOST_AUTO_TEST_CASE(beside_the_packet_path_each_flow_has_a_connected_socket) {
    Balancer balancer(100, {2, 100, true});
    const std::array<Socket, 3> clients;
    const Endpoint source = balancer.pass(clients[0], 0);
    const Socket stranger;
    stranger.send(source, "forged"); // the kernel hears the target alone
    balancer.targets[0].send(source, "answer");
    balancer.turn();
    BOOST_TEST(clients[0].receive().first == "answer");
    BOOST_TEST(clients[0].is_silent());
    BOOST_TEST(balancer.process.get(static_cast<std::size_t>(ProcessCount::StrayDatagram)) == 0U);
    balancer.route_to({1});
    BOOST_TEST((balancer.pass(clients[1], 1) != source));
    balancer.lose(clients[2]);
    BOOST_TEST(balancer.dropped(DatagramDrop::NoResources) == 1U);
    balancer.wait_until(1000 + kIdleMs + IdleWheel::kStepMs);
    balancer.pass(clients[2], 1); // their descriptors are free again
}

BOOST_AUTO_TEST_CASE(descriptors_run_out) {
    Balancer balancer(100, {0, 100});
    const Socket client;
    balancer.lose(client);
    BOOST_TEST(balancer.dropped(DatagramDrop::NoResources) == 1U);
    BOOST_TEST(balancer.count(Count::NewFlow) == 0U);
}

BOOST_AUTO_TEST_CASE(a_target_that_refuses_is_left_as_soon_as_the_table_has_another) {
    Balancer balancer;
    const Socket client;
    balancer.pass(client, 0);
    balancer.targets[0].close();
    client.send(balancer.listener, "?");
    balancer.turn();
    balancer.turn(); // the ICMP error
    BOOST_TEST(balancer.dropped(DatagramDrop::TargetRefused) == 1U);
    BOOST_TEST(balancer.forwarder.live() == 1U);
    balancer.route_to({1});
    balancer.pass(client, 1);
    BOOST_TEST((balancer.only_end() == End::TargetRefused));
}

BOOST_AUTO_TEST_CASE(a_flow_that_was_refused_and_fell_silent_ends_as_refused) {
    Balancer balancer;
    const Socket client;
    balancer.targets[0].close();
    client.send(balancer.listener, "?");
    balancer.turn();
    balancer.turn();
    balancer.wait_until(1000 + kIdleMs + IdleWheel::kStepMs);
    BOOST_TEST((balancer.only_end() == End::TargetRefused));
}

BOOST_AUTO_TEST_CASE(flows_of_a_target_that_is_gone_move) {
    Balancer balancer;
    const Socket client;
    balancer.pass(client, 0);
    balancer.route_to({1});
    const TargetEnds::Key key{model::TargetGroupId("g"), model::TargetId("0"),
                              balancer.targets[0].endpoint()};
    balancer.forwarder.end_those_of(TargetEnds({}, {key}), balancer.now_ms);
    BOOST_TEST((balancer.only_end() == End::TargetDeregistered));
    balancer.pass(client, 1);
}

BOOST_AUTO_TEST_CASE(draining_ends_what_is_silent_and_opens_nothing) {
    Balancer balancer;
    const std::array<Socket, 3> clients;
    balancer.pass(clients[0], 0);
    balancer.wait_until(5000);
    balancer.pass(clients[1], 0);
    balancer.forwarder.drain(balancer.now_ms);
    BOOST_TEST(balancer.forwarder.live() == 1U);
    balancer.lose(clients[2]);
    BOOST_TEST(balancer.dropped(DatagramDrop::Draining) == 1U);
    balancer.wait_until(5000 + UdpForwarder::kDrainIdleMs - 1);
    balancer.pass(clients[1], 0);
    balancer.wait_until(5000 + UdpForwarder::kDrainIdleMs + IdleWheel::kStepMs);
    BOOST_TEST(balancer.forwarder.live() == 1U);
    balancer.wait_until(5000 + 2 * (UdpForwarder::kDrainIdleMs + IdleWheel::kStepMs));
    BOOST_TEST(balancer.forwarder.live() == 0U);
}

BOOST_AUTO_TEST_CASE(a_target_that_would_see_its_own_address_is_not_served) {
    Balancer balancer;
    balancer.route_to({0}, true);
    balancer.lose(Socket());
    BOOST_TEST(balancer.dropped(DatagramDrop::Hairpin) == 1U);
    BOOST_REQUIRE(balancer.forwarder.troubles().size() == 1U);
    BOOST_TEST((balancer.forwarder.troubles()[0].why == End::Hairpin));
    BOOST_TEST(balancer.ports[0]->used() == 0U);
}

BOOST_AUTO_TEST_CASE(what_a_queue_has_no_room_for_is_counted) {
    Balancer balancer;
    const Socket client;
    constexpr std::size_t kSent = 20'000; // more than any queue takes
    const std::string data(1000, 'x');
    for (std::size_t i = 0; i < kSent; ++i)
        client.send(balancer.listener, data);
    while (balancer.happens(0)) {
    }
    client.send(balancer.listener, data); // the kernel tells with the first one afterwards
    balancer.turn();
    const std::uint64_t lost = balancer.dropped(DatagramDrop::QueueFull);
    BOOST_TEST(lost > 0U);
    balancer.forwarder.stop(balancer.now_ms);
    BOOST_TEST(balancer.forwarder.ended().at(0).client_bytes / data.size() + lost == kSent + 1);
}

BOOST_AUTO_TEST_CASE(strangers_are_counted_and_not_heard) {
    Balancer balancer;
    const Socket client;
    const Socket stranger;
    stranger.send(balancer.pass(client, 0), "forged");
    balancer.turn();
    BOOST_TEST(client.is_silent());
    BOOST_TEST(balancer.process.get(static_cast<std::size_t>(ProcessCount::StrayDatagram)) == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
