// SPDX-License-Identifier: Apache-2.0
#include "support/route_lines.hpp"
#include "tables/build.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace nlb::test;
using nlb::contract::Message;
using nlb::flow::Tables;

namespace {

std::vector<std::string> target_names(const Tables& tables) {
    std::vector<std::string> names;
    for (const auto& target : tables.targets()) {
        if ((target.value.flags & NLB_TARGET_REGISTERED) != 0) names.push_back(target.id.value);
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::uint32_t index_of(const Tables& tables, std::string_view id) {
    for (std::uint32_t i = 0; i < tables.targets().size(); ++i) {
        const auto& target = tables.targets()[i];
        if ((target.value.flags & NLB_TARGET_REGISTERED) != 0 && target.id.value == id) return i;
    }
    return NLB_NONE;
}

nlb_address node(std::string_view text) {
    nlb_address address{};
    nlb::flow::put_address(ip(text), address.address_be);
    address.family = 4;
    return address;
}

} // namespace

BOOST_AUTO_TEST_SUITE(tables_build)

BOOST_AUTO_TEST_CASE(a_listener_leads_through_its_group_to_eligible_targets_only) {
    const std::vector<Message> lines{listener_line(80), routing_line(), route_line("10.0.1.1"),
                                     route_line("10.0.1.2"), route_line("10.0.1.3", 8080, false)};
    const Tables tables = nlb::tables::build(lines).value();
    nlb_listener_key key{{}, nlb_hton16(80), NLB_PROTOCOL_TCP, 4};
    nlb::flow::put_address(ip("198.51.100.1"), key.address_be);
    const auto* listener = tables.find(key);
    BOOST_REQUIRE(listener != nullptr);
    BOOST_TEST(tables.listeners()[listener->index].id.value == "listener-80");
    BOOST_TEST(listener->idle_ms == 350'000U);
    const auto& group = tables.groups()[listener->group];
    BOOST_TEST(group.value.ring_size == 4093U);
    BOOST_TEST((nlb::flow::address_of(group.value.source_be, 4) == ip("10.0.0.5")));
    std::vector<std::uint32_t> share(tables.targets().size());
    for (const std::uint32_t target : tables.slots())
        ++share.at(target);
    BOOST_TEST(share.at(index_of(tables, "10.0.1.3:8080")) == 0U);
    BOOST_TEST(share.at(index_of(tables, "10.0.1.1:8080")) > 2000U);
    BOOST_TEST(share.at(index_of(tables, "10.0.1.2:8080")) > 2000U);
    BOOST_TEST(tables.is_node(node("10.0.0.5")));
    BOOST_TEST(tables.is_node(node("198.51.100.1")));
    BOOST_TEST(!tables.is_node(node("10.0.1.1")));
}

BOOST_AUTO_TEST_CASE(the_order_of_lines_makes_no_difference) {
    std::vector<Message> lines{listener_line(80), routing_line(), route_line("10.0.1.1"),
                               route_line("10.0.1.2"), route_line("10.0.1.3")};
    const Tables one = nlb::tables::build(lines).value();
    std::reverse(lines.begin(), lines.end());
    const Tables two = nlb::tables::build(lines).value();
    BOOST_REQUIRE(one.slots().size() == two.slots().size());
    for (std::size_t i = 0; i < one.slots().size(); ++i)
        BOOST_REQUIRE(one.targets()[one.slots()[i]].id == two.targets()[two.slots()[i]].id);
}

BOOST_AUTO_TEST_CASE(targets_keep_their_indexes_and_a_reused_index_has_a_new_generation) {
    const auto with = [](std::string_view first, const Tables* previous) {
        return nlb::tables::build(std::vector<Message>{listener_line(80), routing_line(),
                                                       route_line(first), route_line("10.0.1.2")},
                                  {}, previous)
            .value();
    };
    const Tables before = with("10.0.1.1", nullptr);
    const std::uint32_t kept = index_of(before, "10.0.1.2:8080");
    const std::uint32_t given_up = index_of(before, "10.0.1.1:8080");
    const Tables after = with("10.0.1.9", &before);
    BOOST_TEST(index_of(after, "10.0.1.2:8080") == kept);
    BOOST_TEST(after.targets()[kept].value.generation == before.targets()[kept].value.generation);
    BOOST_TEST(index_of(after, "10.0.1.9:8080") != given_up); // packets are still on their way
    BOOST_TEST((after.targets()[given_up].value.flags & NLB_TARGET_REGISTERED) == 0);
    BOOST_TEST(target_names(after) == (std::vector<std::string>{"10.0.1.2:8080", "10.0.1.9:8080"}),
               boost::test_tools::per_element());
    const Tables later = with("10.0.1.8", &after);
    BOOST_TEST(index_of(later, "10.0.1.8:8080") == given_up);
    BOOST_TEST(later.targets()[given_up].value.generation ==
               before.targets()[given_up].value.generation + 1);
}

BOOST_AUTO_TEST_CASE(listeners_keep_their_indexes) {
    const auto with = [](std::vector<std::uint16_t> ports, const Tables* previous) {
        std::vector<Message> lines{routing_line(), route_line("10.0.1.1")};
        for (const std::uint16_t port : ports)
            lines.emplace_back(listener_line(port));
        return nlb::tables::build(lines, {}, previous).value();
    };
    const Tables before = with({80, 81}, nullptr);
    const Tables after = with({81, 82}, &before);
    BOOST_TEST(before.listeners()[1].id.value == "listener-81");
    BOOST_TEST(after.listeners()[1].id.value == "listener-81");
    BOOST_TEST(!after.listeners()[0].is_in_use);
    BOOST_TEST(after.listeners()[2].id.value == "listener-82");
    BOOST_TEST(after.keys().size() == 2U);
    BOOST_TEST(with({83}, &after).listeners()[0].id.value == "listener-83");
}

BOOST_AUTO_TEST_CASE(unchanged_groups_take_their_slots_from_before) {
    std::vector<Message> lines{listener_line(80), routing_line(), route_line("10.0.1.1"),
                               route_line("10.0.1.2")};
    const Tables before = nlb::tables::build(lines).value();
    lines.insert(lines.end(), {listener_line(81, "tg-0"), routing_line("tg-0"),
                               route_line("10.0.2.1", 80, true, "tg-0")});
    const Tables after = nlb::tables::build(lines, {}, &before).value();
    const Tables fresh = nlb::tables::build(lines).value();
    BOOST_REQUIRE(after.slots().size() == fresh.slots().size());
    for (std::size_t i = 0; i < after.slots().size(); ++i)
        BOOST_REQUIRE(after.targets()[after.slots()[i]].id == fresh.targets()[fresh.slots()[i]].id);
}

BOOST_AUTO_TEST_CASE(unhealthy_targets_reset_their_flows_unless_failing_open) {
    auto open = route_line("10.0.1.2", 8080, false);
    open.eligible = true; // unhealthy, and takes flows: fail open
    const Tables tables =
        nlb::tables::build(std::vector<Message>{listener_line(80), routing_line(),
                                                route_line("10.0.1.1", 8080, false), open})
            .value();
    BOOST_TEST((tables.targets()[index_of(tables, "10.0.1.1:8080")].value.flags &
                NLB_TARGET_UNHEALTHY) != 0);
    BOOST_TEST((tables.targets()[index_of(tables, "10.0.1.2:8080")].value.flags &
                NLB_TARGET_UNHEALTHY) == 0);
}

BOOST_AUTO_TEST_CASE(what_needs_sockets_is_handed_up) {
    auto proxy = routing_line("tg-2");
    proxy.proxy_protocol_v2 = true;
    auto tls = listener_line(443);
    tls.protocol = nlb::model::Protocol::Tls;
    const Tables tables =
        nlb::tables::build(
            std::vector<Message>{listener_line(80), tls, routing_line(), route_line("10.0.1.1"),
                                 listener_line(81, "tg-2"), proxy, listener_line(82, "tg-3"),
                                 routing_line("tg-3"), route_line("2001:db8::1", 80, true, "tg-3")})
            .value();
    for (const auto& listener : tables.listeners()) {
        const std::uint16_t port = listener.endpoint.port;
        const std::uint32_t wanted = port == 80   ? 0U
                                     : port == 82 ? NLB_LISTENER_TRANSLATES
                                                  : NLB_LISTENER_HANDED_UP;
        BOOST_TEST(listener.value.flags == wanted, listener.id.value);
    }
}

BOOST_AUTO_TEST_CASE(only_the_lines_of_the_own_zone_count) {
    auto elsewhere = listener_line(81);
    elsewhere.zone = "b";
    const std::vector<Message> lines{listener_line(80), routing_line(), elsewhere};
    BOOST_TEST(nlb::tables::build(lines, {"a", {}}).value().listeners().size() == 1U);
    const auto all = nlb::tables::build(lines);
    BOOST_REQUIRE(!all.has_value());
    BOOST_TEST(all.error().attempt ==
               "listener 'listener-81': no routing line for target group 'tg-1' in zone 'b'");
}

BOOST_AUTO_TEST_CASE(two_listeners_on_one_endpoint_are_refused) {
    auto second = listener_line(80);
    second.listener.value = "other";
    const auto tables =
        nlb::tables::build(std::vector<Message>{listener_line(80), second, routing_line()});
    BOOST_REQUIRE(!tables.has_value());
    BOOST_TEST(tables.error().attempt ==
               "listener 'other': 198.51.100.1:80 belongs to another listener");
}

BOOST_AUTO_TEST_SUITE_END()
