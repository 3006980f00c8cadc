// SPDX-License-Identifier: Apache-2.0
#include "health/board.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;
using namespace nlb::health;
using model::HealthState;

namespace {

/// A stream of one sender into a board.
class Stream {
  public:
    explicit Stream(Board& board) : board_(board), writer_({1, "nlb-health", "1", {}, {}, {}}) {}

    void set(const char* group, std::vector<std::pair<const char*, HealthState>> targets,
             bool more = false) {
        contract::Set set{
            contract::SetKind::TargetHealth, model::TargetGroupId{group}, 1, more, {}};
        for (const auto& [target, state] : targets)
            set.lines.emplace_back(line(group, target, state));
        append_set(set, writer_);
    }

    void put(const char* group, const char* target, HealthState state) {
        writer_.put(line(group, target, state));
    }

    /// "a/t: initial -> healthy" for each change so far.
    std::string changes() {
        std::string text;
        const std::string bytes = writer_.drain();
        for (const contract::Event& event : reader_.feed(bytes)) {
            const Board::Outcome outcome = board_.take(event);
            BOOST_TEST(outcome.warning == "");
            for (const Board::Change& change : outcome.changes) {
                text += change.now.group.value + "/" + change.now.target.value + ": ";
                if (change.before) text += std::string(to_text(*change.before)) + " ";
                text += "-> " + std::string(to_text(change.now.state)) + "; ";
            }
        }
        return text;
    }

  private:
    static contract::TargetHealth line(const char* group, const char* target, HealthState state) {
        return {model::TargetGroupId{group}, model::TargetId{target}, state, {}, {}, {}, {}};
    }

    Board& board_;
    contract::StreamWriter writer_;
    contract::StreamReader reader_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(health_board)

BOOST_AUTO_TEST_CASE(a_snapshot_is_no_change_and_what_follows_is) {
    Board board;
    Stream stream(board);
    stream.set("a", {{"t", HealthState::Initial}, {"u", HealthState::Healthy}}, true);
    BOOST_TEST(stream.changes() == "");
    BOOST_TEST(!board.is_complete());
    stream.set("b", {{"t", HealthState::Unused}});
    BOOST_TEST(stream.changes() == "");
    BOOST_TEST(board.is_complete());
    stream.put("a", "t", HealthState::Healthy);
    stream.put("a", "t", HealthState::Healthy);
    stream.put("a", "new", HealthState::Initial);
    BOOST_TEST(stream.changes() == "a/t: initial -> healthy; a/new: -> initial; ");
    stream.set("a", {{"u", HealthState::Unhealthy}, {"t", HealthState::Healthy}});
    BOOST_TEST(stream.changes() == "a/u: healthy -> unhealthy; ");
    const auto lines = board.lines();
    BOOST_REQUIRE(lines.size() == 3U);
    BOOST_TEST(lines[0].target.value == "u");
    const auto totals = board.totals();
    BOOST_TEST(totals.at(model::TargetGroupId{
                   "a"})[static_cast<std::size_t>(HealthState::Unhealthy)] == 1U);
    BOOST_TEST(
        totals.at(model::TargetGroupId{"b"})[static_cast<std::size_t>(HealthState::Unused)] == 1U);
    stream.set("b", {});
    BOOST_TEST(stream.changes() == "");
    BOOST_TEST(board.totals().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_sender_that_begins_anew_is_held_against_what_was_known) {
    Board board;
    Stream first(board);
    first.set("a", {{"t", HealthState::Healthy}}, true);
    first.set("gone", {{"t", HealthState::Healthy}});
    first.changes();
    Stream second(board);
    second.set("a", {{"t", HealthState::Unhealthy}});
    BOOST_TEST(second.changes() == "a/t: healthy -> unhealthy; ");
    BOOST_TEST(board.totals().size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_empty_snapshot_is_one) {
    Board board;
    Stream stream(board);
    stream.set("", {});
    stream.changes();
    BOOST_TEST(board.is_complete());
    BOOST_TEST(board.lines().empty());
}

BOOST_AUTO_TEST_SUITE_END()
