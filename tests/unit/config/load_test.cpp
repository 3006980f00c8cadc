// SPDX-License-Identifier: Apache-2.0
#include "config/config.hpp"
#include "config/render.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;

namespace {

constexpr const char* kSmall = R"(
[[load_balancers]]
name = "web"
[[load_balancers.zones]]
name = "local-1a"
address = "127.0.0.2"
[[load_balancers.listeners]]
protocol = "TCP"
port = 8080
target_group = "app"

[[target_groups]]
name = "app"
protocol = "TCP"
port = 9000
target_type = "ip"
attributes.deregistration_delay.timeout_seconds = 30
attributes."stickiness.enabled" = true
[[target_groups.targets]]
id = "127.0.0.11"
[[target_groups.targets]]
id = "127.0.0.12"
port = 9001
)";

} // namespace

BOOST_AUTO_TEST_SUITE(config_load)

BOOST_AUTO_TEST_CASE(a_small_file_gets_every_default) {
    const auto loaded = config::load(kSmall, "nlb.toml");
    BOOST_REQUIRE(loaded.has_value());
    const auto& c = loaded->configuration;
    BOOST_TEST(c.load_balancers.at(0).id.value.starts_with("net/web/"));
    BOOST_TEST(c.load_balancers.at(0).listeners.at(0).id.value.starts_with("listener/net/web/"));
    const auto& zone = c.load_balancers.at(0).zones.at(0);
    BOOST_TEST((zone.private_address == zone.address));
    const auto& group = c.target_groups.at(0);
    BOOST_TEST(group.attributes.deregistration_delay_timeout_seconds == 30U);
    BOOST_TEST(group.attributes.stickiness_enabled);
    BOOST_TEST(!group.attributes.preserve_client_ip_enabled);
    BOOST_TEST(group.targets.at(0).port == 9000);
    BOOST_TEST(group.targets.at(1).key().value == "127.0.0.12:9001");
    BOOST_TEST(group.targets.at(0).zone.value == "local-1a");
    BOOST_TEST(group.targets.at(0).address.text() == "127.0.0.11");
}

BOOST_AUTO_TEST_CASE(what_is_shown_loads_to_the_same) {
    const auto loaded = config::load(kSmall, "nlb.toml");
    BOOST_REQUIRE(loaded.has_value());
    const std::string once = config::to_toml(config::show(loaded->configuration));
    const auto again = config::load(once, "shown");
    if (!again) BOOST_FAIL(again.error().front().text() + "\n" + once);
    BOOST_TEST(config::to_toml(config::show(again->configuration)) == once);
}

BOOST_AUTO_TEST_SUITE_END()
