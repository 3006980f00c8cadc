// SPDX-License-Identifier: Apache-2.0
#include "support/text_file.hpp"

#include "config/config.hpp"
#include "config/parse.hpp"
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
    for (const std::string& text :
         {std::string(kSmall), tests::text_file(NLB_TEST_DATA "/config/rules.toml")}) {
        const auto loaded = config::load(text, "nlb.toml");
        BOOST_REQUIRE(loaded.has_value());
        const std::string once = config::to_toml(config::show(loaded->configuration));
        const auto again = config::load(once, "shown");
        if (!again) BOOST_FAIL(again.error().front().text() + "\n" + once);
        BOOST_TEST(config::to_toml(config::show(again->configuration)) == once);
    }
}

BOOST_AUTO_TEST_CASE(a_syntax_error_has_its_place) {
    const auto loaded = config::load("account = \"1\"\nregion = \n", "f");
    BOOST_REQUIRE(!loaded.has_value());
    BOOST_TEST(loaded.error().size() == 1U);
    BOOST_TEST(loaded.error()[0].text().starts_with("f:2:"));
}

BOOST_AUTO_TEST_CASE(columns_count_characters_and_values_are_printable) {
    const auto loaded = config::load("vpc = { \"\u00e4\u00f6\" = 1, cidrs = 2 }\n", "f");
    BOOST_REQUIRE(!loaded.has_value());
    BOOST_REQUIRE(loaded.error().size() >= 3U);
    BOOST_TEST(loaded.error()[1].text() ==
               "f:1:9: vpc.'\\xc3\\xa4\\xc3\\xb6': unknown key; known here: id or cidrs");
    BOOST_TEST(loaded.error()[2].text() == "f:1:27: vpc.cidrs = '2': must be an array");
}

BOOST_AUTO_TEST_CASE(characters_beyond_ascii_need_quotes) {
    const auto loaded = config::load("a = 1 # \u00e4\n\u00e4 = 2\n", "f");
    BOOST_REQUIRE(!loaded.has_value());
    BOOST_TEST(loaded.error()[0].text() ==
               "f:2:1: only quoted text and comments may go beyond ASCII");
}

BOOST_AUTO_TEST_CASE(input_beyond_the_limits_is_refused) {
    std::string dotted = "a";
    for (int i = 0; i < 100000; ++i)
        dotted += ".a";
    const std::string values(3'000'000, ',');
    for (const std::string& text :
         {dotted + " = 1", "a = " + std::string(100000, '['), "a = [" + values,
          std::string(config::kLongestText + 1, '#'), std::string("\0\xff\xfe", 3),
          "a = { b = " + std::string(50000, '{'), std::string("[[a")}) {
        const auto loaded = config::load(text, "f");
        BOOST_REQUIRE(!loaded.has_value());
        BOOST_TEST(loaded.error().size() == 1U);
        BOOST_TEST(loaded.error()[0].path == "");
    }
}

BOOST_AUTO_TEST_CASE(every_prefix_of_a_file_ends_in_a_result) {
    const std::string text = kSmall;
    for (std::size_t length = 0; length < text.size(); ++length) {
        const auto loaded = config::load(text.substr(0, length), "f");
        BOOST_TEST((loaded.has_value() || !loaded.error().empty()));
    }
}

BOOST_AUTO_TEST_CASE(problems_beyond_the_limit_are_counted) {
    std::string text;
    for (int i = 0; i < 1500; ++i)
        text += "k" + std::to_string(i) + " = 1\n";
    const auto loaded = config::load(text, "f");
    BOOST_REQUIRE(!loaded.has_value());
    BOOST_TEST(loaded.error().size() == config::kMostProblems + 1);
    BOOST_TEST(loaded.error().back().text() == "f:1000:1: and 501 more problems");
}

BOOST_AUTO_TEST_CASE(an_attribute_given_in_both_spellings_is_given_twice) {
    std::string text = kSmall;
    text.replace(text.find("attributes.\"stickiness"), 0,
                 "attributes.\"deregistration_delay.timeout_seconds\" = 40\n");
    const auto loaded = config::load(text, "f");
    BOOST_REQUIRE(!loaded.has_value());
    BOOST_TEST(loaded.error()[0].text().ends_with("given twice: once is enough"));
}

BOOST_AUTO_TEST_SUITE_END()
