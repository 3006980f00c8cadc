// SPDX-License-Identifier: Apache-2.0
#include "base/digest.hpp"
#include "base/text.hpp"

#include <boost/test/unit_test.hpp>

#include <array>

BOOST_AUTO_TEST_SUITE(base_text)

BOOST_AUTO_TEST_CASE(quoting_makes_any_bytes_printable) {
    BOOST_TEST(nlb::in_quotes("abc") == "'abc'");
    BOOST_TEST(nlb::in_quotes(std::string_view("a\n\0\xff", 4)) == "'a\\x0a\\x00\\xff'");
    BOOST_TEST(nlb::in_quotes(std::string(100, 'x')) == "'" + std::string(80, 'x') + "...'");
}

BOOST_AUTO_TEST_CASE(the_nearest_name_is_found_only_for_slips) {
    constexpr std::array<std::string_view, 3> names{"listeners", "zones", "target_groups"};
    BOOST_TEST(nlb::nearest("listners", names).value_or("") == "listeners");
    BOOST_TEST(nlb::nearest("zone", names).value_or("") == "zones");
    BOOST_TEST(!nlb::nearest("colour", names).has_value());
    BOOST_TEST(!nlb::nearest(std::string(5000, 'a'), names).has_value());
}

BOOST_AUTO_TEST_CASE(lists_read_as_english) {
    constexpr std::array<std::string_view, 3> names{"a", "b", "c"};
    BOOST_TEST(nlb::either(names) == "a, b or c");
}

BOOST_AUTO_TEST_CASE(digests_equal_published_values) {
    // FIPS 180-2 appendix B.1; FNV reference: draft-eastlake-fnv
    BOOST_TEST(nlb::sha256_hex("abc", 8) == "ba7816bf8f01cfea");
    BOOST_TEST(nlb::hex64(nlb::fnv1a("foobar")) == "85944171f73967e8");
}

BOOST_AUTO_TEST_SUITE_END()
