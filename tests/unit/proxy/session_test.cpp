// SPDX-License-Identifier: Apache-2.0
#include "proxy/session.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>
#include <string>
#include <vector>

using namespace nlb;
using namespace nlb::proxy;

namespace {

/// Answers what a test scripted, would-block when the script is used up, and writes a protocol:
/// "read C", "write T 5", "keep C 3", "end T" (told to the target), ...
struct ScriptedIo {
    std::array<std::deque<std::int64_t>, 2> reads;
    std::array<std::deque<std::int64_t>, 2> writes; // towards the side; none left: all is taken
    bool has_pipes = true;
    std::vector<std::string> calls;

    static std::size_t at(Side side) { return static_cast<std::size_t>(side); }

    static const char* name(Side side) { return side == Side::Client ? "C" : "T"; }

    void say(const std::string& call, Side side) { calls.push_back(call + " " + name(side)); }

    std::int64_t read(Side side, Place place) {
        say(place == Place::Pipe ? "splice" : "read", side);
        auto& script = reads[at(side)];
        return script.empty() ? -EAGAIN : take(script);
    }

    std::int64_t read_behind(Side side) {
        say("behind", side);
        auto& script = reads[at(side)];
        return script.empty() ? -EAGAIN : take(script);
    }

    static std::int64_t take(std::deque<std::int64_t>& script) {
        const std::int64_t n = script.front();
        script.pop_front();
        return n;
    }

    std::int64_t write(Side from, Place, std::uint32_t bytes, bool last) {
        auto& script = writes[at(other(from))];
        std::int64_t n = bytes;
        if (!script.empty()) {
            n = script.front();
            script.pop_front();
        }
        calls.push_back(std::string(last ? "last " : "write ") + name(other(from)) + " " +
                        std::to_string(bytes));
        return n;
    }

    void keep(Side side, std::uint32_t bytes) {
        calls.push_back(std::string("keep ") + name(side) + " " + std::to_string(bytes));
    }

    void unkeep(Side side) { say("unkeep", side); }

    bool take_pipe(Side side) {
        say("pipe", side);
        return has_pipes;
    }

    void give_back_pipe(Side side) { say("unpipe", side); }

    void pass_end(Side from) { say("end", other(from)); }

    void want_space(Side side) { say("space", side); }
};

static_assert(SessionIo<ScriptedIo>);

struct Fixture {
    ScriptedIo io;
    Session session;

    Fixture() { session.connected(); }

    Session::Progress event(Side side, Session::Ready ready) {
        session.note(side, ready);
        return session.move(io);
    }

    std::vector<std::string> calls() { return std::exchange(io.calls, {}); }
};

constexpr Session::Ready kIn{.in = true};
constexpr Session::Ready kOut{.out = true};
constexpr Session::Ready kEnd{.in = true, .end = true};
constexpr Session::Ready kError{.in = true, .end = true, .error = true};
constexpr auto kFull = static_cast<std::int64_t>(kBufferBytes);

using Calls = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_SUITE(proxy_session)

BOOST_FIXTURE_TEST_CASE(a_short_read_is_delivered_and_not_followed_by_a_useless_one, Fixture) {
    io.reads[0] = {5};
    BOOST_TEST((session.move(io).end == End::None));
    BOOST_TEST(calls() == (Calls{"read C", "write T 5"}), boost::test_tools::per_element());
    BOOST_TEST(session.received(Side::Client) == 5U);
    BOOST_TEST(session.received(Side::Target) == 0U);
}

BOOST_FIXTURE_TEST_CASE(the_target_may_speak_first, Fixture) {
    session.move(io);
    calls();
    io.reads[1] = {7};
    event(Side::Target, kIn);
    BOOST_TEST(calls() == (Calls{"read T", "write C 7"}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(what_does_not_fit_is_kept_and_nothing_more_is_read, Fixture) {
    io.reads[0] = {10, 10};
    io.writes[1] = {4};
    session.move(io);
    BOOST_TEST(calls() == (Calls{"read C", "write T 10", "space T", "keep C 6"}),
               boost::test_tools::per_element());
    event(Side::Client, kIn);
    BOOST_TEST(calls().empty());
    event(Side::Target, kOut);
    BOOST_TEST(calls() == (Calls{"write T 6", "unkeep C", "read C", "write T 10"}),
               boost::test_tools::per_element());
    BOOST_TEST(session.received(Side::Client) == 20U);
}

BOOST_FIXTURE_TEST_CASE(a_write_that_would_block_keeps_everything, Fixture) {
    io.reads[0] = {10};
    io.writes[1] = {-EAGAIN};
    session.move(io);
    BOOST_TEST(calls() == (Calls{"read C", "write T 10", "space T", "keep C 10"}),
               boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(one_direction_ends_and_the_other_goes_on, Fixture) {
    io.reads[0] = {3};
    BOOST_TEST((event(Side::Client, kEnd).end == End::None));
    BOOST_TEST(calls() == (Calls{"read C", "last T 3", "end T"}), boost::test_tools::per_element());
    io.reads[1] = {100};
    BOOST_TEST((event(Side::Target, kIn).end == End::None));
    BOOST_TEST(calls() == (Calls{"read T", "write C 100"}), boost::test_tools::per_element());
    io.reads[1] = {0};
    BOOST_TEST((event(Side::Target, kEnd).end == End::Closed));
    BOOST_TEST(calls() == (Calls{"read T"}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(the_end_waits_until_the_kept_bytes_are_delivered, Fixture) {
    io.reads[0] = {10};
    io.writes[1] = {1};
    event(Side::Client, kEnd);
    BOOST_TEST(calls().back() == "keep C 9");
    event(Side::Target, kOut);
    BOOST_TEST(calls() == (Calls{"last T 9", "unkeep C", "end T"}),
               boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(the_end_is_read_where_a_read_may_have_stopped_before_it, Fixture) {
    io.reads[0] = {3, 4, 0};
    event(Side::Client, {.in = true, .end = true, .urgent = true});
    BOOST_TEST(calls() == (Calls{"read C", "write T 3", "read C", "write T 4", "read C", "end T"}),
               boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(bytes_that_fill_the_buffer_are_not_the_last_for_that, Fixture) {
    io.reads[0] = {kFull, 0};
    event(Side::Client, kEnd);
    BOOST_TEST(calls() == (Calls{"read C", "write T " + std::to_string(kFull), "read C", "end T"}),
               boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(bulk_moves_through_a_pipe_until_nothing_is_left, Fixture) {
    io.reads[0] = {kFull, kFull, kFull, kFull, 200'000, 1'000};
    session.move(io);
    const Calls all = calls();
    const Calls tail(all.begin() + 8, all.end());
    // The small read ends the bulk: the pipe goes back and the next read copies.
    BOOST_TEST(tail == (Calls{"pipe C", "splice C", "write T 200000", "splice C", "write T 1000",
                              "unpipe C", "read C"}),
               boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(an_empty_pipe_goes_back_to_the_pool_when_the_socket_is_empty, Fixture) {
    io.reads[0] = {kFull, kFull, kFull, kFull, 200'000};
    session.move(io);
    BOOST_TEST(calls().back() == "unpipe C");
    io.reads[0] = {200'000};
    event(Side::Client, kIn);
    BOOST_TEST(calls() == (Calls{"pipe C", "splice C", "write T 200000", "splice C", "unpipe C"}),
               boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_pipe_is_written_in_pieces_until_it_would_block, Fixture) {
    io.reads[0] = {kFull, kFull, kFull, kFull, 200'000};
    io.writes[1] = {kFull, kFull, kFull, kFull, 150'000, -EAGAIN};
    session.move(io);
    Calls all = calls();
    BOOST_TEST(Calls(all.end() - 3, all.end()) ==
                   (Calls{"write T 200000", "write T 50000", "space T"}),
               boost::test_tools::per_element());
    event(Side::Target, kOut);
    BOOST_TEST(calls().front() == "write T 50000");
}

BOOST_FIXTURE_TEST_CASE(without_a_pipe_bulk_is_copied, Fixture) {
    io.has_pipes = false;
    io.reads[0] = {kFull, kFull, kFull, kFull, kFull};
    session.move(io);
    BOOST_TEST(session.received(Side::Client) == 5U * kBufferBytes);
    for (const std::string& call : calls())
        BOOST_TEST(call != "splice C");
}

BOOST_FIXTURE_TEST_CASE(a_turn_is_limited_and_asks_for_another, Fixture) {
    io.has_pipes = false;
    io.reads[0].assign(Session::kReadsPerTurn + 1, kFull);
    BOOST_TEST(session.move(io).more);
    BOOST_TEST(session.received(Side::Client) == Session::kReadsPerTurn * kBufferBytes);
    BOOST_TEST(!session.move(io).more);
    BOOST_TEST(session.received(Side::Client) == (Session::kReadsPerTurn + 1) * kBufferBytes);
}

BOOST_FIXTURE_TEST_CASE(a_turn_through_a_pipe_is_limited_by_bytes, Fixture) {
    constexpr std::int64_t kSpliced = Session::kBytesPerTurn / 4;
    io.reads[0].assign(Session::kFullReadsBeforePipe, kFull);
    io.reads[0].insert(io.reads[0].end(), 5, kSpliced);
    BOOST_TEST(session.move(io).more);
    const std::uint64_t first = session.received(Side::Client);
    BOOST_TEST(first >= Session::kBytesPerTurn);
    BOOST_TEST(first < Session::kBytesPerTurn + kSpliced);
    BOOST_TEST(!session.move(io).more);
    BOOST_TEST(session.received(Side::Client) > first);
}

BOOST_FIXTURE_TEST_CASE(a_reset_delivers_what_came_before_it, Fixture) {
    io.reads[0] = {5, -ECONNRESET};
    BOOST_TEST((event(Side::Client, kError).end == End::ClientReset));
    BOOST_TEST(calls() == (Calls{"read C", "write T 5", "read C"}),
               boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_reset_ends_a_session_that_waits_for_space, Fixture) {
    io.reads[1] = {10};
    io.writes[0] = {-EAGAIN};
    event(Side::Target, kIn);
    BOOST_TEST((event(Side::Target, kError).end == End::TargetReset));
}

BOOST_FIXTURE_TEST_CASE(a_reset_after_the_end_of_a_direction_is_one_too, Fixture) {
    io.reads[0] = {0};
    BOOST_TEST((event(Side::Client, kEnd).end == End::None));
    BOOST_TEST((event(Side::Client, {.end = true, .error = true}).end == End::ClientReset));
}

BOOST_FIXTURE_TEST_CASE(a_read_that_ends_before_urgent_data_is_not_the_last, Fixture) {
    io.reads[0] = {3, 4};
    event(Side::Client, {.in = true, .urgent = true});
    BOOST_TEST(calls() == (Calls{"read C", "write T 3", "read C", "write T 4", "read C"}),
               boost::test_tools::per_element());
    io.reads[0] = {2};
    event(Side::Client, kIn); // also afterwards: another urgent byte may have come with it
    BOOST_TEST(calls() == (Calls{"read C", "write T 2", "read C"}),
               boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(urgent_data_is_never_spliced, Fixture) {
    io.reads[0] = {kFull, kFull, kFull, kFull, 200'000, -EAGAIN};
    session.move(io);
    BOOST_TEST(calls().back() == "unpipe C");
    io.reads[0] = {kFull, kFull, kFull, kFull, kFull, 5};
    event(Side::Client, {.in = true, .urgent = true});
    for (const std::string& call : calls())
        BOOST_TEST((call != "pipe C" && call != "splice C"));
    BOOST_TEST(session.received(Side::Client) == 9 * kBufferBytes + 200'005);
}

BOOST_FIXTURE_TEST_CASE(a_pipe_is_emptied_and_given_back_when_urgent_data_comes, Fixture) {
    io.reads[0] = {kFull, kFull, kFull, kFull, 200'000};
    io.writes[1] = {kFull, kFull, kFull, kFull, -EAGAIN};
    session.move(io);
    calls();
    io.reads[0] = {7};
    session.note(Side::Client, {.in = true, .urgent = true});
    event(Side::Target, kOut);
    BOOST_TEST(calls() == (Calls{"write T 200000", "unpipe C", "read C", "write T 7", "read C"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_header_goes_out_although_the_client_is_silent) {
    ScriptedIo io;
    Session session;
    session.connected(28);
    BOOST_TEST((session.move(io).end == End::None));
    BOOST_TEST(io.calls == (Calls{"behind C", "write T 28"}), boost::test_tools::per_element());
    BOOST_TEST(session.received(Side::Client) == 0U);
}

BOOST_AUTO_TEST_CASE(a_header_and_what_the_client_sent_already_are_one_write) {
    ScriptedIo io;
    Session session;
    session.connected(28);
    io.reads[0] = {5};
    session.move(io);
    BOOST_TEST(io.calls == (Calls{"behind C", "write T 33"}), boost::test_tools::per_element());
    BOOST_TEST(session.received(Side::Client) == 5U);
    io.reads[0] = {6};
    session.note(Side::Client, kIn);
    session.move(io);
    BOOST_TEST(io.calls == (Calls{"behind C", "write T 33", "read C", "write T 6"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_header_that_does_not_fit_is_kept_with_what_is_behind_it) {
    ScriptedIo io;
    Session session;
    session.connected(28);
    io.reads[0] = {5};
    io.writes[1] = {10};
    session.move(io);
    BOOST_TEST(io.calls == (Calls{"behind C", "write T 33", "space T", "keep C 23"}),
               boost::test_tools::per_element());
    session.note(Side::Target, kOut);
    session.move(io);
    BOOST_TEST(io.calls.back() == "unkeep C");
}

BOOST_AUTO_TEST_CASE(a_header_precedes_the_end_of_a_client_that_sent_nothing) {
    ScriptedIo io;
    Session session;
    session.connected(28);
    io.reads[0] = {0};
    BOOST_TEST((session.move(io).end == End::None));
    BOOST_TEST(io.calls == (Calls{"behind C", "last T 28", "end T"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(no_header_is_sent_for_a_client_that_has_gone) {
    ScriptedIo io;
    Session session;
    session.connected(28);
    io.reads[0] = {-ECONNRESET};
    BOOST_TEST((session.move(io).end == End::ClientReset));
    BOOST_TEST(io.calls == (Calls{"behind C"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_client_that_fills_the_buffer_behind_a_header_is_read_on) {
    ScriptedIo io;
    Session session;
    session.connected(28);
    io.reads[0] = {kFull - 28, 7};
    session.move(io);
    BOOST_TEST(io.calls == (Calls{"behind C", "write T 65536", "read C", "write T 7"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_error_names_the_side_and_whether_it_was_a_reset) {
    BOOST_TEST((Session::end_by(Side::Client, ECONNRESET) == End::ClientReset));
    BOOST_TEST((Session::end_by(Side::Target, EPIPE) == End::TargetReset));
    BOOST_TEST((Session::end_by(Side::Client, ETIMEDOUT) == End::ClientLost));
    BOOST_TEST((Session::end_by(Side::Target, EHOSTUNREACH) == End::TargetLost));
    BOOST_TEST((Session::end_of_connect(ECONNREFUSED) == End::TargetRefused));
    BOOST_TEST((Session::end_of_connect(ECONNRESET) == End::TargetReset));
    BOOST_TEST((Session::end_of_connect(ETIMEDOUT) == End::TargetTimeout));
    BOOST_TEST((Session::end_of_connect(EADDRNOTAVAIL) == End::PortAllocation));
    BOOST_TEST((Session::end_of_connect(ENETUNREACH) == End::TargetUnreachable));
}

BOOST_FIXTURE_TEST_CASE(a_write_to_a_side_that_is_gone_ends_the_session, Fixture) {
    io.reads[0] = {5};
    io.writes[1] = {-EPIPE};
    BOOST_TEST((session.move(io).end == End::TargetReset));
}

BOOST_AUTO_TEST_SUITE_END()
