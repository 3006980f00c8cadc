// SPDX-License-Identifier: Apache-2.0
#include "model/names.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;

BOOST_AUTO_TEST_SUITE(model_names)

BOOST_AUTO_TEST_CASE(enumerations_use_the_published_spelling) {
    BOOST_TEST(to_text(model::Protocol::TcpUdp) == "TCP_UDP");
    BOOST_TEST(to_text(model::HealthReason::TargetFailedHealthChecks) ==
               "Target.FailedHealthChecks");
    BOOST_TEST(from_text<model::HealthState>("draining").has_value());
    BOOST_TEST(!from_text<model::HealthState>("Draining").has_value());
}

BOOST_AUTO_TEST_CASE(resource_ids_are_stable_and_differ_by_every_part) {
    const auto id = model::resource_hex("123456789012", "local-1", "loadbalancer", "web");
    BOOST_TEST(id.size() == 16U);
    BOOST_TEST(id == model::resource_hex("123456789012", "local-1", "loadbalancer", "web"));
    BOOST_TEST(id != model::resource_hex("123456789013", "local-1", "loadbalancer", "web"));
    BOOST_TEST(id != model::resource_hex("123456789012", "local-1loadbalancer", "", "web"));
}

BOOST_AUTO_TEST_SUITE_END()
