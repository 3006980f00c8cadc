// SPDX-License-Identifier: Apache-2.0
#include "health/intake.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;
using namespace nlb::health;

namespace {

const std::string kBegin = R"({"type":"set-begin","set":"target-set","scope":"g","generation":1})";
const std::string kGroupLine =
    R"({"type":"target-group","group":"g","check_protocol":"TCP","check_timeout_ms":2000,)"
    R"("check_interval_ms":5000,"healthy_threshold":5,"unhealthy_threshold":2})";
const std::string kTarget =
    R"({"type":"target","group":"g","target":"10.0.0.1:80","address":"10.0.0.1","port":80})";

std::string end(int count, const char* more = "") {
    return R"({"type":"set-end","set":"target-set","scope":"g","generation":1,"count":)" +
           std::to_string(count) + more + "}";
}

/// What a stream of these lines makes, in all.
Intake::Outcome read(const std::vector<std::string>& lines, Intake& intake) {
    contract::StreamReader reader;
    Intake::Outcome all;
    const auto add = [&](Intake::Outcome part) {
        std::move(part.sets.begin(), part.sets.end(), std::back_inserter(all.sets));
        all.warnings.insert(all.warnings.end(), part.warnings.begin(), part.warnings.end());
        all.evidence.insert(all.evidence.end(), part.evidence.begin(), part.evidence.end());
        all.lost = all.lost || part.lost;
        all.restarted = all.restarted || part.restarted;
        all.wants_report = all.wants_report || part.wants_report;
    };
    for (const std::string& line : lines) {
        const std::string bytes = line + "\n";
        for (const contract::Event& event : reader.feed(bytes))
            add(intake.take(event));
    }
    add(intake.finish());
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(health_intake)

BOOST_AUTO_TEST_CASE(a_whole_set_is_given_out) {
    Intake intake;
    const auto all = read({kBegin, kGroupLine, kTarget, end(2)}, intake);
    BOOST_REQUIRE(all.sets.size() == 1U);
    BOOST_TEST(all.sets[0].settings.has_value());
    BOOST_TEST(all.sets[0].targets.size() == 1U);
    BOOST_TEST(all.warnings.empty());
    BOOST_TEST(intake.bad() == 0U);
}

BOOST_AUTO_TEST_CASE(sets_that_belong_together_come_together) {
    Intake intake;
    const auto held = read({kBegin, kGroupLine, end(1, R"(,"more":true)")}, intake);
    BOOST_TEST(held.sets.empty());
    BOOST_TEST(held.lost);
    Intake other;
    const auto both = read({kBegin, kGroupLine, end(1, R"(,"more":true)"), kBegin, end(0)}, other);
    BOOST_TEST(both.sets.size() == 2U);
    BOOST_TEST(!both.lost);
}

BOOST_AUTO_TEST_CASE(what_is_incomplete_or_wrong_is_lost_and_told) {
    const std::vector<std::vector<std::string>> rows{
        {kBegin, kGroupLine, kTarget},
        {kBegin, kGroupLine, end(2)},
        {kBegin, "garbage", kGroupLine, end(1)},
        {kBegin, kGroupLine, kBegin},
    };
    for (const auto& row : rows) {
        Intake intake;
        const auto all = read(row, intake);
        BOOST_TEST(all.sets.empty());
        BOOST_TEST(all.lost);
        BOOST_TEST(!all.warnings.empty());
        BOOST_TEST(intake.bad() > 0U);
    }
}

BOOST_AUTO_TEST_CASE(a_group_that_cannot_be_checked_says_why) {
    std::string script = kGroupLine;
    script.insert(script.size() - 1, R"(,"check_exec":"../x")");
    std::string zero = kGroupLine;
    zero.replace(zero.find("5000"), 4, "0");
    for (const auto& [group, why] :
         {std::pair{script, "check_exec '../x' must be a file name without /"},
          std::pair{zero, "check_interval_ms 0 must be 10 to 300000"}}) {
        Intake intake;
        const auto all = read({kBegin, group, kTarget, end(2)}, intake);
        BOOST_REQUIRE(all.sets.size() == 1U);
        BOOST_TEST(!all.sets[0].settings.has_value());
        BOOST_TEST(all.sets[0].refusal == why);
        BOOST_TEST(all.sets[0].targets.size() == 1U);
        BOOST_TEST(all.warnings.size() == 1U);
    }
}

BOOST_AUTO_TEST_CASE(evidence_is_passed_on) {
    Intake intake;
    const auto all = read({R"({"type":"target-evidence","group":"g","target":"t","zone":"z",)"
                           R"("kind":"refused","count":3})"},
                          intake);
    BOOST_REQUIRE(all.evidence.size() == 1U);
    BOOST_TEST(all.evidence[0].count == 3U);
}

BOOST_AUTO_TEST_CASE(hello_and_snapshot_request_are_passed_on) {
    Intake intake;
    const auto all = read({R"({"type":"hello","contract":1,"tool":"t","instance":"1"})",
                           R"({"type":"snapshot-request"})", R"({"type":"something-new"})"},
                          intake);
    BOOST_TEST(all.restarted);
    BOOST_TEST(all.wants_report);
    BOOST_TEST(all.warnings.empty());
}

BOOST_AUTO_TEST_SUITE_END()
