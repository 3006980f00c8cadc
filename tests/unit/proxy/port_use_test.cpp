// SPDX-License-Identifier: Apache-2.0
#include "proxy/port_use.hpp"

#include <boost/test/unit_test.hpp>

#include <thread>
#include <vector>

using namespace nlb;
using namespace nlb::proxy;

namespace {

const IpAddress kNode = IpAddress::parse("192.0.2.1").value();
const IpAddress kOtherNode = IpAddress::parse("192.0.2.2").value();
const Endpoint kTarget{IpAddress::parse("198.51.100.1").value(), 80};

} // namespace

BOOST_AUTO_TEST_SUITE(proxy_port_use)

BOOST_AUTO_TEST_CASE(there_are_55000_ports_and_not_one_more) {
    PortUse use;
    for (int i = 0; i < 55'000; ++i)
        BOOST_REQUIRE(use.take());
    BOOST_TEST(!use.take());
    BOOST_TEST(use.used() == 55'000U);
    use.give_back();
    BOOST_TEST(use.take());
    BOOST_TEST(!use.take());
}

BOOST_AUTO_TEST_CASE(threads_never_get_more_together) {
    PortUse use;
    std::vector<std::uint32_t> got(4, 0);
    std::vector<std::thread> threads;
    for (std::uint32_t& mine : got) {
        threads.emplace_back([&use, &mine] {
            for (int i = 0; i < 20'000; ++i)
                mine += use.take() ? 1U : 0U;
        });
    }
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < threads.size(); ++i) {
        threads[i].join();
        sum += got[i];
    }
    // A taker that comes while another one is being refused may be refused as well.
    BOOST_TEST(sum <= PortUse::kMost);
    BOOST_TEST(sum > PortUse::kMost - 4);
    BOOST_TEST(use.used() == sum);
}

BOOST_AUTO_TEST_CASE(a_pair_of_addresses_has_one_count_as_long_as_somebody_knows_it) {
    PortUses uses;
    const auto first = uses.of(kNode, kTarget);
    BOOST_TEST((uses.of(kNode, kTarget) == first));
    BOOST_TEST((uses.of(kOtherNode, kTarget) != first));
    BOOST_TEST((uses.of(kNode, {kTarget.address, 81}) != first));
    uses.forget_unused();
    BOOST_TEST(uses.size() == 1U);
    BOOST_TEST((uses.of(kNode, kTarget) == first));
}

BOOST_AUTO_TEST_SUITE_END()
