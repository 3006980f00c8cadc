// SPDX-License-Identifier: Apache-2.0
#include "kernel/pins.hpp"
#include "kernel_maps.hpp"

#include <unistd.h>

#include <algorithm>

using namespace nlb;
using namespace nlb::kernel;
namespace unit = boost::unit_test;

namespace {

std::string node_of_this_test() {
    return "unit." + std::to_string(::getpid());
}

struct Folder {
    Folder() : pins(node_of_this_test()) {
        auto made = pins.create();
        BOOST_REQUIRE(made);
        lock = std::move(*made);
    }

    ~Folder() { BOOST_CHECK(pins.remove_all()); }

    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    Pins pins;
    io::Fd lock;
};

std::uint32_t map_number(int fd) {
    bpf_map_info info{};
    std::uint32_t size = sizeof info;
    BOOST_REQUIRE(bpf_obj_get_info_by_fd(fd, &info, &size) == 0);
    return info.id;
}

} // namespace

BOOST_AUTO_TEST_SUITE(pins)

BOOST_AUTO_TEST_CASE(names_that_the_file_system_refuses_are_escaped) {
    BOOST_TEST(escape("eth0.7") == "eth0%2e7");
    BOOST_TEST(escape("../x") == "%2e%2e%2fx");
    BOOST_TEST(escape("plain-1_2") == "plain-1_2");
}

BOOST_AUTO_TEST_CASE(escaped_names_come_back) {
    for (const std::string name : {"", ".", "%", "%2e", "a.b/c%d", "%%2e.", "eth0%2"})
        BOOST_TEST(unescape(escape(name)) == name);
}

BOOST_AUTO_TEST_CASE(what_nobody_escaped_stays) {
    for (const std::string name : {"%", "%2", "%zz", "%41", "100%"})
        BOOST_TEST(unescape(name) == name);
}

BOOST_AUTO_TEST_CASE(a_folder_has_one_owner, *unit::precondition(test::may_make_maps)) {
    const Folder folder;
    BOOST_TEST(folder.pins.exists());
    const auto second = Pins(node_of_this_test()).create();
    BOOST_REQUIRE(!second);
    BOOST_TEST(second.error().text().find("another nlb-forward") != std::string::npos);
    const auto nodes = pinned_nodes();
    BOOST_TEST((std::find(nodes.begin(), nodes.end(), node_of_this_test()) != nodes.end()));
}

BOOST_AUTO_TEST_CASE(what_is_pinned_is_found_and_replaced,
                     *unit::precondition(test::may_make_maps)) {
    const Folder folder;
    const auto one = test::make_map(BPF_MAP_TYPE_ARRAY, 4, 4, 1);
    const auto other = test::make_map(BPF_MAP_TYPE_ARRAY, 4, 4, 1);
    BOOST_REQUIRE(folder.pins.put("map.1", one.get()));
    BOOST_REQUIRE(folder.pins.put("a_map", one.get()));
    BOOST_REQUIRE(folder.pins.put("map.1", other.get()));
    const std::vector<std::string> expected{"a_map", "map.1"};
    BOOST_TEST(folder.pins.names() == expected, boost::test_tools::per_element());
    const auto found = folder.pins.get("map.1");
    BOOST_REQUIRE(found);
    BOOST_TEST(map_number(found->get()) == map_number(other.get()));
}

BOOST_AUTO_TEST_CASE(what_is_removed_is_gone, *unit::precondition(test::may_make_maps)) {
    const Folder folder;
    const auto map = test::make_map(BPF_MAP_TYPE_ARRAY, 4, 4, 1);
    BOOST_REQUIRE(folder.pins.put("map", map.get()));
    BOOST_TEST(folder.pins.remove("map").has_value());
    BOOST_TEST(folder.pins.remove("map").has_value());
    BOOST_TEST(!folder.pins.get("map").has_value());
    BOOST_REQUIRE(folder.pins.put("map", map.get()));
    BOOST_TEST(folder.pins.remove_all().has_value());
    BOOST_TEST(!folder.pins.exists());
    BOOST_TEST(folder.pins.names().empty());
}

BOOST_AUTO_TEST_SUITE_END()
