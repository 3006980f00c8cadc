// SPDX-License-Identifier: Apache-2.0
#include "support/route_lines.hpp"
#include "tables/build.hpp"
#include "tables/rings.hpp"

#include "route/ring.hpp"

#include "l4/l4_hash.h"

#include <boost/test/unit_test.hpp>

#include <random>

using namespace nlb::test;
using nlb::contract::Message;
using nlb::flow::Tables;
using nlb::tables::moves;
using nlb::tables::rings;

namespace {

std::string nth(int n) {
    return "10.0.1." + std::to_string(n);
}

/// A group of `count` targets that take flows, 10.0.1.1 and so on, without those in `gone`.
Tables with(int count, const std::vector<int>& gone = {}) {
    std::vector<Message> lines{listener_line(80), routing_line()};
    for (int n = 1; n <= count; ++n) {
        if (std::find(gone.begin(), gone.end(), n) == gone.end())
            lines.emplace_back(route_line(nth(n)));
    }
    return nlb::tables::build(lines).value();
}

/// The share of random flow hashes that come to another target.
double tried(const Tables& before, const Tables& after) {
    constexpr unsigned kSeed = 99;
    constexpr int kFlows = 200'000;
    std::mt19937 random(kSeed);
    const auto target = [](const Tables& tables, std::uint32_t hash) {
        const auto& group = tables.groups()[0].value;
        return tables.targets()[tables.slots()[nlb_ring_position(hash, group.ring_size)]].id;
    };
    int moved = 0;
    for (int n = 0; n < kFlows; ++n) {
        const auto hash = static_cast<std::uint32_t>(random());
        if (target(before, hash) != target(after, hash)) ++moved;
    }
    return static_cast<double>(moved) / kFlows;
}

} // namespace

BOOST_AUTO_TEST_SUITE(tables_rings)

BOOST_AUTO_TEST_CASE(equal_rings_have_equal_digests) {
    const auto one = rings(with(3)).at(0);
    BOOST_TEST(one.size == 4093U);
    BOOST_TEST(one.targets == 3U);
    BOOST_TEST(one.digest.size() == 16U);
    BOOST_TEST(rings(with(3)).at(0).digest == one.digest);
    BOOST_TEST(rings(with(4)).at(0).digest != one.digest);
    const auto none = rings(with(0)).at(0);
    BOOST_TEST(none.size == 0U);
    BOOST_TEST(none.digest.empty());
}

BOOST_AUTO_TEST_CASE(nothing_moves_without_a_change) {
    const auto same = moves(with(30), with(30)).at(0);
    BOOST_TEST(same.moved == 0.0);
    BOOST_TEST(same.forced == 0.0);
    BOOST_TEST(same.before == 30U);
}

BOOST_AUTO_TEST_CASE(removing_one_of_100_moves_its_flows_and_at_most_1_percent_of_the_others) {
    const auto gone = moves(with(100), with(100, {42})).at(0);
    BOOST_TEST(gone.forced > 0.0099);
    BOOST_TEST(gone.forced < 0.0101);
    BOOST_TEST(gone.moved - gone.forced <= 0.01);
}

BOOST_AUTO_TEST_CASE(the_share_is_the_one_that_random_flows_show) {
    struct Row {
        Tables before, after;
    };

    const Row table[] = {{with(30), with(30, {7})},
                         {with(4), with(5)}, // the table grows: nearly all move
                         {with(26), with(26, {3})},
                         {with(30, {2}), with(30, {3})}};
    for (const Row& row : table) {
        const auto told = moves(row.before, row.after).at(0);
        BOOST_TEST(std::abs(told.moved - tried(row.before, row.after)) < 0.005);
        BOOST_TEST(told.forced <= told.moved + 1e-9);
    }
}

BOOST_AUTO_TEST_CASE(weights_are_shares_of_the_slots) {
    const auto built = [](std::uint64_t weight, const Tables* previous) {
        std::vector<Message> lines{listener_line(80), routing_line(), route_line("10.0.1.1")};
        auto heavy = route_line("10.0.1.2");
        heavy.weight = weight;
        lines.emplace_back(heavy);
        return nlb::tables::build(lines, {}, previous).value();
    };
    const Tables equal = built(1, nullptr);
    const Tables heavy = built(3, &equal); // the slots from before do not fit
    const auto share = [](const Tables& tables) {
        const auto slots = tables.slots();
        const auto second = std::count_if(slots.begin(), slots.end(), [&](std::uint32_t target) {
            return tables.targets()[target].id.value == "10.0.1.2:8080";
        });
        return static_cast<double>(second) / static_cast<double>(slots.size());
    };
    BOOST_TEST(std::abs(share(equal) - 0.5) < 0.001);
    BOOST_TEST(std::abs(share(heavy) - 0.75) < 0.001);
    BOOST_TEST(std::abs(moves(equal, heavy).at(0).moved - 0.25) < 0.01);
}

BOOST_AUTO_TEST_CASE(a_group_that_loses_all_targets_moves_everything) {
    const auto lost = moves(with(3), with(0)).at(0);
    BOOST_TEST(lost.moved == 1.0);
    BOOST_TEST(lost.forced == 1.0);
    const auto removed = moves(with(3), Tables()).at(0);
    BOOST_TEST(removed.moved == 1.0);
    const auto added = moves(Tables(), with(3)).at(0);
    BOOST_TEST(added.moved == 0.0);
    BOOST_TEST(added.after == 3U);
}

BOOST_AUTO_TEST_SUITE_END()
