// SPDX-License-Identifier: Apache-2.0
#include "tables/build.hpp"

#include "proxy/route_book.hpp"

#include "flow/tables.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <random>
#include <set>

using namespace nlb;
using namespace nlb::proxy;

namespace {

const model::TargetGroupId kGroup("targetgroup/g/1");

IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}

contract::Listener listener(const char* zone, const char* address) {
    contract::Listener line;
    line.listener = model::ListenerId("listener/net/x/1/2");
    line.zone = zone;
    line.address = ip(address);
    line.port = 80;
    line.group = kGroup;
    line.idle_timeout_ms = 350'000;
    return line;
}

contract::Routing routing(const char* zone) {
    contract::Routing line;
    line.group = kGroup;
    line.zone = zone;
    line.source = ip("127.0.0.9");
    return line;
}

contract::Route a_route(const char* zone, const std::string& id, bool eligible) {
    contract::Route line;
    line.group = kGroup;
    line.zone = zone;
    line.target = model::TargetId(id);
    line.address = ip("127.0.0.1");
    line.port = 8080;
    line.eligible = eligible;
    return line;
}

contract::Set set(std::vector<contract::Message> lines) {
    return {contract::SetKind::RouteSet, kGroup, 1, false, std::move(lines)};
}

contract::Set two_targets(bool second_takes_flows) {
    return set({listener("a", "127.0.0.1"), routing("a"), a_route("a", "one:80", true),
                a_route("a", "two:80", second_takes_flows)});
}

RouteBook book(std::string zone = "", bool can_bind = true) {
    return RouteBook({std::move(zone), 1, [can_bind](const IpAddress&) { return can_bind; },
                      [](IpFamily) { return std::optional<std::string>("it may not"); }});
}

std::set<std::uint32_t> chosen(const ListenerRoute& of) {
    std::set<std::uint32_t> all;
    for (std::uint16_t port = 1; port < 1000; ++port) {
        const auto target = of.choose({ip("192.0.2.1"), port}, port * 7919U);
        if (target) all.insert(*target);
    }
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(proxy_route_book)

BOOST_AUTO_TEST_CASE(only_targets_that_take_flows_are_chosen) {
    RouteBook routes = book();
    routes.replace(two_targets(true));
    BOOST_TEST(chosen(*routes.wanted().at(0).route).size() == 2U);
    routes.replace(two_targets(false));
    const auto wanted = routes.wanted();
    BOOST_TEST(chosen(*wanted.at(0).route).size() == 1U);
    BOOST_TEST(wanted[0].route->labels.at(0)->target.value == "one:80");
}

BOOST_AUTO_TEST_CASE(a_group_without_targets_chooses_none) {
    RouteBook routes = book();
    routes.replace(set({listener("a", "127.0.0.1"), routing("a"), a_route("a", "one:80", false)}));
    BOOST_TEST(chosen(*routes.wanted().at(0).route).empty());
    BOOST_TEST(routes.wanted()[0].route->no_target->target.empty());
}

BOOST_AUTO_TEST_CASE(connections_and_datagrams_get_the_targets_that_their_packets_would_get) {
    auto both = listener("a", "192.0.2.9");
    both.protocol = model::Protocol::TcpUdp;
    std::vector<contract::Message> lines{both, routing("a")};
    for (int i = 0; i < 30; ++i) {
        lines.emplace_back(a_route("a", "target-" + std::to_string(i) + ":80", i % 7 != 0));
    }
    RouteBook routes = book();
    routes.replace(set(lines));
    const auto wanted = routes.wanted();
    const auto tables = tables::build(lines).value();
    std::mt19937 random(2023);
    for (int i = 0; i < 20'000; ++i) {
        std::array<std::uint8_t, 4> address{};
        for (auto& byte : address)
            byte = static_cast<std::uint8_t>(random());
        const Endpoint client{IpAddress::from_bytes(address), static_cast<std::uint16_t>(random())};
        const bool is_udp = i % 2 != 0;
        const ListenerRoute& route = *wanted.at(is_udp ? 1 : 0).route;
        const std::uint32_t sequence = is_udp ? 0 : static_cast<std::uint32_t>(random());
        const std::uint8_t protocol = is_udp ? NLB_PROTOCOL_UDP : NLB_PROTOCOL_TCP;
        const auto by_socket = route.choose(client, sequence);
        const auto by_packet =
            flow::decide(tables, 0, {client, route.info->address, sequence, protocol});
        BOOST_REQUIRE(by_socket && by_packet);
        BOOST_REQUIRE(route.group->targets[*by_socket].id == tables.targets()[*by_packet].id);
    }
}

BOOST_AUTO_TEST_CASE(another_attempt_gets_another_target_until_all_had_one) {
    RouteBook routes = book();
    std::vector<contract::Message> lines{listener("a", "127.0.0.1"), routing("a")};
    for (const char* id : {"one:80", "two:80", "three:80"})
        lines.emplace_back(a_route("a", id, true));
    routes.replace(set(lines));
    const auto route = routes.wanted().at(0).route;
    for (std::uint16_t port = 1; port < 100; ++port) {
        const std::uint32_t hash = route->hash({ip("192.0.2.1"), port}, 7);
        BOOST_TEST((route->choose(hash) == route->choose({ip("192.0.2.1"), port}, 7)));
        const std::set<std::uint32_t> all{*route->choose(hash), *route->choose_again(hash, 1),
                                          *route->choose_again(hash, 2)};
        BOOST_TEST(all.size() == 3U);
        BOOST_TEST(!route->choose_again(hash, 3).has_value());
    }
    routes.replace(set({listener("a", "127.0.0.1"), routing("a")}));
    BOOST_TEST(!routes.wanted().at(0).route->choose_again(0, 1).has_value());
}

BOOST_AUTO_TEST_CASE(ports_are_counted_for_the_source_and_the_target_together) {
    RouteBook routes = book();
    const auto ports = [&](const char* zone, const char* source) {
        auto from = routing(zone);
        from.source = ip(source);
        routes.replace(set({listener(zone, "127.0.0.1"), from, a_route(zone, "one:80", true)}));
        return routes.wanted().at(0).route->labels.at(0)->ports;
    };
    const auto first = ports("a", "127.0.0.9");
    BOOST_TEST((ports("b", "127.0.0.9") == first));
    BOOST_TEST((ports("b", "127.0.0.8") != first));
}

BOOST_AUTO_TEST_CASE(what_did_not_change_is_the_same_object) {
    RouteBook routes = book();
    routes.replace(two_targets(true));
    const auto before = routes.wanted().at(0).route;
    BOOST_TEST((routes.wanted().at(0).route == before));
    routes.replace(two_targets(false));
    const auto after = routes.wanted().at(0).route;
    BOOST_TEST((after != before));
    BOOST_TEST((after->info == before->info));
    BOOST_TEST((after->labels.at(0) == before->labels.at(0)));
}

BOOST_AUTO_TEST_CASE(zones_that_are_not_served_are_left_out) {
    RouteBook routes = book("b");
    routes.replace(set({listener("a", "127.0.0.1"), listener("b", "127.0.0.2"), routing("b"),
                        a_route("a", "one:80", true), a_route("b", "two:80", true)}));
    const auto wanted = routes.wanted();
    BOOST_REQUIRE(wanted.size() == 1U);
    BOOST_TEST(wanted[0].route->info->zone == "b");
    BOOST_TEST(wanted[0].route->labels.at(0)->target.value == "two:80");
}

BOOST_AUTO_TEST_CASE(a_dualstack_node_has_two_addresses_of_one_listener) {
    RouteBook routes = book();
    routes.replace(set({listener("a", "127.0.0.1"), listener("a", "::1"), routing("a")}));
    BOOST_TEST(routes.wanted().size() == 2U);
}

BOOST_AUTO_TEST_CASE(an_empty_set_and_everything_else_take_a_scope_away) {
    RouteBook routes = book();
    routes.replace(two_targets(true));
    routes.replace(set({}));
    BOOST_TEST(routes.wanted().empty());
    routes.replace(two_targets(true));
    routes.keep_only({model::TargetGroupId("targetgroup/other/2")});
    BOOST_TEST(routes.wanted().empty());
}

BOOST_AUTO_TEST_CASE(what_this_datapath_cannot_do_is_said_once) {
    RouteBook routes = book("", false);
    auto asks = routing("a");
    asks.preserve_client_ip = true;
    for (int i = 0; i < 2; ++i)
        routes.replace(set({listener("a", "127.0.0.1"), asks, a_route("a", "one:80", true)}));
    const auto notices = routes.take_notices();
    BOOST_TEST(notices.size() == 2U);
    BOOST_TEST(routes.take_notices().empty());
    BOOST_TEST(!routes.wanted().at(0).route->group->source.has_value());
}

BOOST_AUTO_TEST_CASE(targets_see_their_clients_where_that_is_possible_and_wanted) {
    bool can = true;
    RouteBook routes({"", 1, [](const IpAddress& address) { return address == ip("127.0.0.1"); },
                      [&](IpFamily) -> std::optional<std::string> {
                          if (can) return std::nullopt;
                          return "it may not";
                      }});
    const auto group = [&](bool wanted) {
        auto asks = routing("a");
        asks.preserve_client_ip = wanted;
        auto other = a_route("a", "two:80", true);
        other.address = ip("192.0.2.7");
        routes.replace(
            set({listener("a", "127.0.0.1"), asks, a_route("a", "one:80", true), other}));
        routes.take_notices();
        return routes.wanted().at(0).route->group;
    };
    const auto with = group(true);
    BOOST_TEST(with->preserves_client_ip);
    for (const TargetRoute& target : with->targets)
        BOOST_TEST(target.is_here == (target.id.value == "one:80")); // it is on this host
    BOOST_TEST(!group(false)->preserves_client_ip);
    can = false;
    const auto without = group(true);
    BOOST_TEST(!without->preserves_client_ip);
    BOOST_TEST(without->lacks == "preserve_client_ip: it may not; targets see the node's address");
    BOOST_TEST(routes.wanted().at(0).lacks == without->lacks);
    can = true;
    BOOST_TEST(group(true)->lacks.empty());
}

BOOST_AUTO_TEST_CASE(a_header_is_that_of_the_group_and_of_the_listeners_endpoint) {
    RouteBook routes = book();
    const auto info = [&](bool proxied, const char* endpoint) {
        auto asks = routing("a");
        asks.proxy_protocol_v2 = proxied;
        auto line = listener("a", "127.0.0.1");
        if (endpoint != nullptr) line.vpc_endpoint_id = endpoint;
        routes.replace(set({line, asks, a_route("a", "one:80", true)}));
        return routes.wanted().at(0).route->info;
    };
    BOOST_TEST(!info(false, "vpce-1")->header.has_value());
    const auto with = info(true, "vpce-1");
    std::string bytes;
    with->header->append(wire::ProxyTransport::Stream, {ip("192.0.2.1"), 1}, with->address, bytes);
    const auto decoded = wire::decode_proxy_header(bytes).header;
    BOOST_TEST(decoded.vpc_endpoint_id().value_or("") == "vpce-1");
    BOOST_TEST(decoded.destination.text() == "127.0.0.1:80");
    BOOST_TEST((info(true, "vpce-1") == with));
    const auto without = info(true, nullptr);
    BOOST_TEST((without != with));
    BOOST_TEST((without->counters == with->counters));
    BOOST_TEST(routes.take_notices().empty());
    BOOST_TEST(info(true, std::string(300, 'x').c_str())->header.has_value());
    BOOST_TEST(routes.take_notices().size() == 1U);
}

BOOST_AUTO_TEST_CASE(tcp_udp_listeners_are_two_and_tls_ones_are_not_ours) {
    RouteBook routes = book();
    auto udp = listener("a", "127.0.0.1");
    udp.protocol = model::Protocol::Udp;
    auto both = listener("a", "127.0.0.2");
    both.protocol = model::Protocol::TcpUdp;
    auto tls = listener("b", "127.0.0.1");
    tls.protocol = model::Protocol::Tls;
    routes.replace(set({udp, both, tls}));
    const auto wanted = routes.wanted();
    BOOST_REQUIRE(wanted.size() == 3U);
    const std::array transports{Transport::Udp, Transport::Tcp, Transport::Udp};
    const std::array<std::int64_t, 3> idle_ms{120'000, 350'000, 120'000}; // of UDP it is fixed
    for (std::size_t i = 0; i < 3; ++i) {
        const ListenerInfo& info = *wanted[i].route->info;
        BOOST_TEST(wanted[i].error == 0);
        BOOST_TEST((info.transport == transports.at(i)));
        BOOST_TEST(info.idle_timeout_ms == idle_ms.at(i));
        BOOST_TEST((info.address.address == ip(i == 0 ? "127.0.0.1" : "127.0.0.2")));
        BOOST_TEST((info.counters == wanted[0].route->info->counters) ==
                   (info.transport == Transport::Udp));
    }
}

BOOST_AUTO_TEST_CASE(ports_out_of_range_are_refused) {
    RouteBook routes = book();
    auto bad = listener("a", "127.0.0.1");
    bad.port = 65'536;
    auto target = a_route("a", "one:80", true);
    target.port = 0;
    routes.replace(set({bad, routing("a"), target}));
    const auto wanted = routes.wanted();
    BOOST_TEST(wanted.at(0).error == EINVAL);
    BOOST_TEST(wanted[0].route->group->targets.empty());
    BOOST_TEST(!routes.take_notices().empty());
}

BOOST_AUTO_TEST_SUITE_END()
