// SPDX-License-Identifier: Apache-2.0
#include "kernel/neighbors.hpp"
#include "kernel/netlink.hpp"

#include <boost/test/unit_test.hpp>

#include <linux/neighbour.h>
#include <sys/socket.h>

#include <array>

using namespace nlb;
using namespace nlb::kernel;

namespace {

constexpr std::array<std::uint8_t, 4> kAddress{192, 0, 2, 7};

std::vector<std::uint8_t> message(std::uint16_t state, std::span<const std::uint8_t> address) {
    ndmsg header{};
    header.ndm_family = AF_INET;
    header.ndm_ifindex = 5;
    header.ndm_state = state;
    NetlinkRequest request(RTM_NEWNEIGH, 0, header);
    const std::array<std::uint8_t, 6> link{2, 0, 0, 0, 0, 1};
    request.add(NDA_LLADDR, link.data(), link.size());
    request.add(NDA_DST, address.data(), address.size());
    const auto bytes = request.bytes();
    return {bytes.begin(), bytes.end()};
}

} // namespace

BOOST_AUTO_TEST_SUITE(neighbors)

BOOST_AUTO_TEST_CASE(a_stale_neighbor_is_recognised) {
    const auto found = stale_of(message(NUD_STALE, kAddress));
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST((*found == Neighbor{5, IpAddress::parse("192.0.2.7").value()}));
    std::array<std::uint8_t, 16> six{};
    six[15] = 1;
    const auto found6 = stale_of(message(NUD_STALE, six));
    BOOST_REQUIRE(found6.has_value());
    BOOST_TEST(found6->address.text() == "::1");
}

BOOST_AUTO_TEST_CASE(neighbors_in_other_states_are_left_alone) {
    for (const int state : {NUD_INCOMPLETE, NUD_REACHABLE, NUD_DELAY, NUD_PROBE, NUD_FAILED,
                            NUD_NOARP, NUD_PERMANENT})
        BOOST_TEST(!stale_of(message(static_cast<std::uint16_t>(state), kAddress)).has_value());
}

BOOST_AUTO_TEST_CASE(cut_messages_are_no_neighbors) {
    const auto whole = message(NUD_STALE, kAddress);
    for (std::size_t size = 0; size < whole.size(); ++size)
        BOOST_TEST(!stale_of(std::span(whole).first(size)).has_value());
}

BOOST_AUTO_TEST_CASE(an_address_of_a_strange_length_is_none) {
    const std::array<std::uint8_t, 5> five{};
    BOOST_TEST(!stale_of(message(NUD_STALE, five)).has_value());
    BOOST_TEST(!stale_of(message(NUD_STALE, {})).has_value());
}

BOOST_AUTO_TEST_CASE(an_attribute_that_claims_no_length_ends_the_search) {
    auto bytes = message(NUD_STALE, kAddress);
    const std::size_t first = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(ndmsg));
    for (const int length : {0, 3, 255}) {
        bytes[first] = static_cast<std::uint8_t>(length);
        BOOST_TEST(!stale_of(bytes).has_value());
    }
}

BOOST_AUTO_TEST_SUITE_END()
