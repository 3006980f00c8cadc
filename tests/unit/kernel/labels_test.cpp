// SPDX-License-Identifier: Apache-2.0
#include "kernel/labels.hpp"
#include "kernel_maps.hpp"

using namespace nlb;
using namespace nlb::kernel;
namespace unit = boost::unit_test;

namespace {

Endpoint at(const std::string& address, std::uint16_t port) {
    return {IpAddress::parse(address).value(), port};
}

flow::ListenerEntry listener_named(const std::string& id) {
    flow::ListenerEntry entry;
    entry.id = model::ListenerId{id};
    entry.load_balancer = model::LoadBalancerId{"net/lb/1"};
    entry.zone = "zone-a";
    entry.protocol = model::Protocol::TcpUdp;
    entry.endpoint = at("2001:db8::1", 443);
    return entry;
}

flow::Tables tables_with(const std::string& listener, const std::string& target) {
    flow::GroupEntry group;
    group.id = model::TargetGroupId{"targetgroup/g/1"};
    group.zone = "zone-a";
    flow::TargetEntry entry;
    entry.value.flags = NLB_TARGET_REGISTERED;
    entry.group = group.id;
    entry.id = model::TargetId{target};
    entry.endpoint = at("2001:db8::11", 8443);
    return {{listener_named(listener)}, {group}, {}, {entry}, {}};
}

flow::Tables tables_without_listeners() {
    flow::ListenerEntry free;
    free.is_in_use = false;
    return {{free}, std::vector<flow::GroupEntry>(1), {}, {}, {}};
}

Labels open(const test::KernelMaps& maps) {
    auto labels = Labels::open(maps.set());
    BOOST_REQUIRE(labels);
    return std::move(*labels);
}

void overwrite(const test::KernelMaps& maps, const std::string& map, const std::string& text) {
    nlb_label value{};
    text.copy(value.text, sizeof value.text);
    const std::uint32_t zero = 0;
    BOOST_REQUIRE(bpf_map_update_elem(maps.maps.at(map).get(), &zero, &value, BPF_ANY) == 0);
}

} // namespace

BOOST_AUTO_TEST_SUITE(labels, *unit::precondition(test::may_make_maps))

BOOST_AUTO_TEST_CASE(a_later_process_reads_what_was_written) {
    const test::KernelMaps maps;
    BOOST_REQUIRE(open(maps).update(tables_with("listener/1", "i-1")));
    const Labels later = open(maps);
    const auto* target = later.target(0);
    BOOST_REQUIRE(target != nullptr);
    BOOST_TEST(target->group.value == "targetgroup/g/1");
    BOOST_TEST(target->id.value == "i-1");
    BOOST_TEST(target->endpoint.text() == "[2001:db8::11]:8443");
    const auto* listener = later.listener(0);
    BOOST_REQUIRE(listener != nullptr);
    BOOST_TEST(listener->id.value == "listener/1");
    BOOST_TEST(listener->load_balancer.value == "net/lb/1");
    BOOST_TEST(listener->zone == "zone-a");
    BOOST_TEST((listener->protocol == model::Protocol::TcpUdp));
    BOOST_TEST(listener->endpoint.text() == "[2001:db8::1]:443");
    BOOST_TEST(listener->is_in_use);
    BOOST_TEST(listener->group.value == "targetgroup/g/1");
    BOOST_TEST(later.target(1) == nullptr);
    BOOST_TEST(later.listener(1) == nullptr);
}

BOOST_AUTO_TEST_CASE(a_listener_that_ended_keeps_its_name_for_the_flows_it_left) {
    const test::KernelMaps maps;
    Labels labels = open(maps);
    BOOST_REQUIRE(labels.update(tables_with("listener/1", "i-1")));
    BOOST_REQUIRE(labels.update(tables_without_listeners()));
    const Labels later = open(maps);
    BOOST_REQUIRE(later.listener(0) != nullptr);
    BOOST_TEST(later.listener(0)->id.value == "listener/1");
    BOOST_TEST(!later.listener(0)->is_in_use);
    BOOST_TEST(!later.remembered({}).listeners()[0].is_in_use);
}

BOOST_AUTO_TEST_CASE(remembered_tables_give_every_index_to_whom_had_it) {
    const test::KernelMaps maps;
    Labels labels = open(maps);
    BOOST_REQUIRE(labels.update(tables_with("listener/1", "i-1")));
    std::vector<nlb_target> held(3);
    held[0].generation = 7;
    held[0].flags = NLB_TARGET_REGISTERED;
    const flow::Tables tables = open(maps).remembered(held);
    BOOST_REQUIRE(tables.targets().size() == 1U);
    BOOST_TEST(tables.targets()[0].id.value == "i-1");
    BOOST_TEST(tables.targets()[0].value.generation == 7U);
    BOOST_REQUIRE(tables.listeners().size() == 1U);
    BOOST_TEST(tables.listeners()[0].id.value == "listener/1");
    BOOST_TEST(tables.listeners()[0].is_in_use);
}

BOOST_AUTO_TEST_CASE(labels_that_cannot_be_read_are_left_out) {
    for (const std::string text : {"", "one line", "a\nb\nno address\n80", "a\nb\n192.0.2.1\n99999",
                                   "a\nb\n192.0.2.1\n80\nand more"}) {
        const test::KernelMaps maps;
        overwrite(maps, "nlb_target_ids", text);
        overwrite(maps, "nlb_listener_ids", text);
        const Labels labels = open(maps);
        BOOST_TEST(labels.target(0) == nullptr);
        BOOST_TEST(labels.listener(0) == nullptr);
    }
}

BOOST_AUTO_TEST_CASE(names_too_long_for_the_table_are_refused) {
    const test::KernelMaps maps;
    Labels labels = open(maps);
    const auto done = labels.update(tables_with(std::string(2000, 'x'), "i-1"));
    BOOST_REQUIRE(!done);
    BOOST_TEST(done.error().text().find("too long") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
