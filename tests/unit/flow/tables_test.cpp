// SPDX-License-Identifier: Apache-2.0
#include "flow/tables.hpp"

#include <boost/test/unit_test.hpp>

using nlb::Endpoint;
using nlb::flow::connection_hash;

namespace {

nlb::IpAddress ip(std::string_view text) {
    return nlb::IpAddress::parse(text).value();
}

} // namespace

BOOST_AUTO_TEST_SUITE(flow_tables)

BOOST_AUTO_TEST_CASE(the_sequence_number_and_every_part_of_the_tuple_count) {
    const Endpoint client{ip("192.0.2.1"), 1000};
    const Endpoint node{ip("192.0.2.9"), 80};
    const std::uint32_t hash = connection_hash({client, node, 5}, false);
    BOOST_TEST(connection_hash({client, node, 6}, false) != hash);
    BOOST_TEST(connection_hash({{client.address, 1001}, node, 5}, false) != hash);
    BOOST_TEST(connection_hash({{ip("192.0.2.2"), 1000}, node, 5}, false) != hash);
    BOOST_TEST(connection_hash({client, {node.address, 81}, 5}, false) != hash);
    BOOST_TEST(connection_hash({client, node, 6}, true) ==
               connection_hash({{client.address, 7}, node, 8}, true));
    const Endpoint client6{ip("2001:db8::1"), 1000};
    const Endpoint node6{ip("2001:db8::9"), 80};
    BOOST_TEST(connection_hash({client6, node6, 5}, false) !=
               connection_hash({client6, node6, 6}, false));
}

BOOST_AUTO_TEST_SUITE_END()
