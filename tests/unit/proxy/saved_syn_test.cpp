// SPDX-License-Identifier: Apache-2.0
#include "proxy/saved_syn.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <vector>

using namespace nlb::proxy;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes tcp() {
    Bytes header(20);
    header[4] = 0x12;
    header[5] = 0x34;
    header[6] = 0x56;
    header[7] = 0x78;
    return header;
}

Bytes ipv4(std::size_t options) {
    Bytes packet(20 + options);
    packet[0] = static_cast<std::uint8_t>(0x40U | (packet.size() / 4));
    packet[9] = 6;
    const Bytes segment = tcp();
    packet.insert(packet.end(), segment.begin(), segment.end());
    return packet;
}

Bytes ipv6(const Bytes& extension) {
    Bytes packet(40);
    packet[0] = 0x60;
    packet[6] = extension.empty() ? 6 : 60;
    packet.insert(packet.end(), extension.begin(), extension.end());
    const Bytes segment = tcp();
    packet.insert(packet.end(), segment.begin(), segment.end());
    return packet;
}

} // namespace

BOOST_AUTO_TEST_SUITE(proxy_saved_syn)

BOOST_AUTO_TEST_CASE(the_number_is_found_behind_any_ip_header) {
    const std::uint32_t expected = 0x12345678;
    for (const Bytes& packet :
         {ipv4(0), ipv4(4), ipv4(40), ipv6({}), ipv6({6, 0, 1, 4, 0, 0, 0, 0})}) {
        const auto sequence = syn_sequence(packet);
        BOOST_REQUIRE(sequence.has_value());
        BOOST_TEST(*sequence == expected);
    }
}

BOOST_AUTO_TEST_CASE(a_cut_header_gives_no_number) {
    for (const Bytes& whole : {ipv4(0), ipv4(40), ipv6({}), ipv6({6, 0, 1, 4, 0, 0, 0, 0})}) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            BOOST_TEST(!syn_sequence(cut).has_value());
        }
    }
}

BOOST_AUTO_TEST_CASE(other_protocols_and_versions_give_no_number) {
    Bytes udp = ipv4(0);
    udp[9] = 17;
    BOOST_TEST(!syn_sequence(udp).has_value());
    Bytes short_header = ipv4(0);
    short_header[0] = 0x44;
    BOOST_TEST(!syn_sequence(short_header).has_value());
    Bytes version = ipv4(0);
    version[0] = 0x55;
    BOOST_TEST(!syn_sequence(version).has_value());
    Bytes extension = ipv6({});
    extension[6] = 44; // a fragment
    BOOST_TEST(!syn_sequence(extension).has_value());
}

BOOST_AUTO_TEST_CASE(random_bytes_do_no_harm) {
    std::mt19937 random(7);
    std::size_t found = 0;
    for (int round = 0; round < 100'000; ++round) {
        Bytes bytes(random() % 120);
        for (std::uint8_t& byte : bytes)
            byte = static_cast<std::uint8_t>(random());
        if (!bytes.empty()) bytes[0] = static_cast<std::uint8_t>(round % 2 == 0 ? 0x45 : 0x60);
        if (syn_sequence(bytes)) ++found;
    }
    BOOST_TEST(found > 0U);
}

BOOST_AUTO_TEST_SUITE_END()
