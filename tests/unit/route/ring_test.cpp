// SPDX-License-Identifier: Apache-2.0
#include "support/slow_ring.hpp"

#include "route/ring.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>

using namespace nlb::route;

namespace {

std::vector<std::string> ids(std::size_t count) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1) +
                      ":8080");
    }
    return out;
}

std::vector<Member> members(const std::vector<std::string>& names) {
    std::vector<Member> all;
    for (const std::string& name : names)
        all.push_back({name, 1});
    return all;
}

std::vector<std::string> owners(const std::vector<std::string>& names, std::uint32_t size) {
    const auto all = members(names);
    std::vector<std::string> out;
    for (const std::uint32_t slot : build_ring(all, size).slots)
        out.emplace_back(all[slot].id);
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(route_ring)

BOOST_AUTO_TEST_CASE(the_size_is_a_prime_that_grows_with_the_group) {
    BOOST_TEST(ring_size(1) == 4093U);
    BOOST_TEST(ring_size(4) == 4093U);
    BOOST_TEST(ring_size(5) == 16381U);
    BOOST_TEST(ring_size(25) == 16381U);
    BOOST_TEST(ring_size(26) == 65537U);
    for (const std::uint32_t size : {4093U, 16381U, 65537U}) {
        for (std::uint32_t d = 2; d * d <= size; ++d)
            BOOST_TEST(size % d != 0);
    }
}

BOOST_AUTO_TEST_CASE(the_table_is_the_one_of_the_paper_over_our_permutations) {
    struct Row {
        std::size_t count;
        std::uint32_t size;
    };

    for (const Row row : {Row{1, 4093},
                          {2, 4093},
                          {3, 7},
                          {4, 4093},
                          {5, 16381},
                          {25, 16381},
                          {26, 65537},
                          {60, 65537}}) {
        const auto names = ids(row.count);
        const nlb::support::SlowRing oracle(names, row.size);
        BOOST_TEST_CONTEXT(row.count << " members, " << row.size << " slots") {
            BOOST_TEST((owners(names, row.size) == oracle.owners()));
        }
    }
}

BOOST_AUTO_TEST_CASE(the_order_of_the_members_does_not_matter) {
    auto names = ids(40);
    const auto sorted = owners(names, 65537);
    const std::string digest = ring_digest(build_ring(members(names), 65537), members(names));
    BOOST_TEST(digest.size() == 16U);
    std::rotate(names.begin(), names.begin() + 17, names.end());
    std::swap(names[3], names[30]);
    BOOST_TEST((owners(names, 65537) == sorted));
    BOOST_TEST(ring_digest(build_ring(members(names), 65537), members(names)) == digest);
    names.pop_back();
    BOOST_TEST(ring_digest(build_ring(members(names), 65537), members(names)) != digest);
}

BOOST_AUTO_TEST_CASE(every_member_has_an_equal_share) {
    for (const std::size_t count : {2U, 4U, 25U, 100U, 1000U}) {
        const std::uint32_t size = ring_size(count);
        std::map<std::string, std::size_t> shares;
        for (const std::string& owner : owners(ids(count), size))
            ++shares[owner];
        BOOST_TEST(shares.size() == count);
        for (const auto& [id, share] : shares) // turns are equal, the last round is not full
            BOOST_TEST((share == size / count || share == size / count + 1));
    }
}

BOOST_AUTO_TEST_CASE(weights_are_shares) {
    const std::vector<Member> weighted{{"a:1", 1}, {"b:1", 2}, {"c:1", 0}, {"d:1", 5}};
    std::vector<std::size_t> shares(weighted.size(), 0);
    for (const std::uint32_t slot : build_ring(weighted, 4093).slots)
        ++shares[slot];
    BOOST_TEST(shares[0] >= 4093U / 8 - 1);
    BOOST_TEST(shares[0] <= 4093U / 8 + 1);
    BOOST_TEST(shares[1] >= 4093U * 2 / 8 - 1);
    BOOST_TEST(shares[1] <= 4093U * 2 / 8 + 1);
    BOOST_TEST(shares[2] == 0U);
    BOOST_TEST(shares[0] + shares[1] + shares[3] == 4093U);
}

BOOST_AUTO_TEST_CASE(nobody_to_choose_makes_an_empty_ring) {
    BOOST_TEST(build_ring({}, 4093).slots.empty());
    const std::vector<Member> weightless{{"a:1", 0}};
    BOOST_TEST(build_ring(weightless, 4093).slots.empty());
}

namespace {

/// Of the flows of the others, at most this share moves when one of `names` is gone, in percent.
double worst_removal(const std::vector<std::string>& names) {
    const auto before = owners(names, 65537);
    double worst = 0;
    for (std::size_t gone = 0; gone < names.size(); gone += 7) {
        auto left = names;
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(gone));
        const auto after = owners(left, 65537);
        std::size_t others = 0;
        std::size_t moved = 0;
        for (std::size_t slot = 0; slot < before.size(); ++slot) {
            if (before[slot] == names[gone]) continue;
            ++others;
            if (before[slot] != after[slot]) ++moved;
        }
        worst = std::max(worst, 100.0 * static_cast<double>(moved) / static_cast<double>(others));
    }
    return worst;
}

} // namespace

BOOST_AUTO_TEST_CASE(removing_one_of_100_moves_at_most_1_percent_of_the_flows_of_the_others) {
    for (int subnet = 0; subnet < 12; ++subnet) {
        std::vector<std::string> names;
        for (int n = 1; n <= 100; ++n)
            names.push_back("10.0." + std::to_string(subnet) + "." + std::to_string(n) + ":8080");
        const double worst = worst_removal(names);
        BOOST_TEST_MESSAGE("10.0." << subnet << ".x: at most " << worst << " %");
        BOOST_TEST(worst <= 1.0);
    }
}

BOOST_AUTO_TEST_SUITE_END()
