// SPDX-License-Identifier: Apache-2.0
#include "query/hash.hpp"
#include "query/sketch.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <random>

using nlb::query::Distinct;
using nlb::query::Quantiles;

BOOST_AUTO_TEST_SUITE(query_sketch)

BOOST_AUTO_TEST_CASE(percentiles_are_near_the_sorted_ones_whatever_the_order) {
    std::mt19937_64 random(3); // NOLINT(cert-msc51-cpp): the same numbers in every run
    std::vector<std::int64_t> values;
    Quantiles all;
    Quantiles parts[3];
    for (int i = 0; i < 20'000; ++i) {
        const auto value =
            static_cast<std::int64_t>(random() >> (random() % 64)) * (i % 7 == 0 ? -1 : 1);
        values.push_back(value);
        all.add(value);
        parts[random() % 3].add(value);
    }
    parts[2].merge(parts[0]);
    parts[2].merge(parts[1]);
    std::sort(values.begin(), values.end());
    for (const double percent : {0.0, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
        const auto rank = static_cast<std::size_t>(
            std::max(1.0, std::ceil(percent / 100 * static_cast<double>(values.size()))));
        const auto exact = static_cast<double>(values[rank - 1]);
        const auto found = static_cast<double>(all.at(percent));
        BOOST_TEST(std::abs(found - exact) <= std::abs(exact) * 0.0005 + 0.5);
        BOOST_TEST(parts[2].at(percent) == all.at(percent));
    }
}

BOOST_AUTO_TEST_CASE(few_distinct_values_are_counted_and_many_estimated) {
    for (const std::uint64_t members : {1U, 4096U, 4097U, 200'000U}) {
        Distinct all;
        Distinct parts[2];
        for (std::uint64_t i = 0; i < members * 2; ++i) {
            const std::uint64_t member = i % members;
            const auto hash =
                nlb::query::hash_of({reinterpret_cast<const char*>(&member), sizeof member});
            all.add(hash);
            parts[i % 3 == 0 ? 0 : 1].add(hash);
        }
        parts[0].merge(parts[1]);
        BOOST_TEST(parts[0].count() == all.count());
        const auto error =
            std::abs(static_cast<double>(all.count()) - static_cast<double>(members));
        BOOST_TEST(error <= (members <= 4096 ? 0 : static_cast<double>(members) * 0.03));
    }
}

BOOST_AUTO_TEST_SUITE_END()
