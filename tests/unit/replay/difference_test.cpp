// SPDX-License-Identifier: Apache-2.0
#include "replay/difference.hpp"

#include <boost/test/unit_test.hpp>

using nlb::replay::Difference;

namespace {

/// A packet of a client with this port; `fate`: the members from "verdict" on.
std::string line(unsigned packet, unsigned port, const std::string& fate) {
    return R"({"packet":)" + std::to_string(packet) + R"(,"time_ns":"1700000000000000000",)" +
           R"("protocol":6,"source_address":"192.0.2.1","source_port":)" + std::to_string(port) +
           R"(,"destination_address":"198.51.100.1","destination_port":80,"listener":"l",)" + fate +
           "}";
}

std::string forwarded(const std::string& reason, const std::string& target) {
    return R"("verdict":"forward","reason":")" + reason + R"(","target":")" + target +
           R"(:80","new_destination_address":")" + target + R"(","new_destination_port":80)";
}

std::string refused(const std::string& verdict, const std::string& reason) {
    return R"("verdict":")" + verdict + R"(","reason":")" + reason + '"';
}

/// Feeds both and returns what is told.
class Comparison {
  public:
    std::string take(const std::string& before, const std::string& after) {
        std::string out;
        const auto taken = difference_.take(before, after, out);
        return taken ? out : "error: " + taken.error().text();
    }

    std::string summary() {
        std::string out;
        difference_.append_summary(out);
        return out;
    }

    [[nodiscard]] bool any() const { return difference_.any(); }

  private:
    Difference difference_;
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(replay_difference)

BOOST_AUTO_TEST_CASE(equal_lines_are_no_difference) {
    Comparison compared;
    const std::string one = line(1, 1000, forwarded("new-flow", "10.0.0.1"));
    BOOST_TEST(compared.take(one, one) == "");
    BOOST_TEST(!compared.any());
    BOOST_TEST(compared.summary() ==
               R"({"change":"summary","packets":1,"different":0,"moved":0,"appears":0,"breaks":0})"
               "\n");
}

BOOST_AUTO_TEST_CASE(a_flow_is_told_once_for_each_change) {
    Comparison compared;
    const std::string told = compared.take(line(1, 1000, forwarded("new-flow", "10.0.0.1")),
                                           line(1, 1000, forwarded("new-flow", "10.0.0.2")));
    BOOST_TEST(told == R"({"change":"moved","packet":1,"time_ns":"1700000000000000000",)"
                       R"("protocol":6,"source_address":"192.0.2.1","source_port":1000,)"
                       R"("destination_address":"198.51.100.1","destination_port":80,)"
                       R"("listener":"l","old_verdict":"forward","old_reason":"new-flow",)"
                       R"("old_target":"10.0.0.1:80","new_verdict":"forward",)"
                       R"("new_reason":"new-flow","new_target":"10.0.0.2:80"})"
                       "\n");
    BOOST_TEST(compared.take(line(2, 1000, forwarded("flow", "10.0.0.1")),
                             line(2, 1000, forwarded("flow", "10.0.0.2"))) == "");
    BOOST_TEST(has(compared.take(line(3, 1000, forwarded("flow", "10.0.0.1")),
                                 line(3, 1000, refused("reset", "target-unhealthy"))),
                   R"("change":"breaks")"));
    BOOST_TEST(has(compared.summary(), R"("different":3,"moved":1,"appears":0,"breaks":1)"));
}

BOOST_AUTO_TEST_CASE(a_flow_that_is_opened_again_is_another_flow) {
    Comparison compared;
    const std::string before = line(1, 1000, forwarded("new-flow", "10.0.0.1"));
    const std::string after = line(1, 1000, forwarded("new-flow", "10.0.0.2"));
    const std::string same = line(2, 1000, forwarded("new-flow", "10.0.0.1"));
    BOOST_TEST(has(compared.take(before, after), "moved"));
    BOOST_TEST(compared.take(same, same) == "");
    BOOST_TEST(has(compared.take(line(3, 1000, forwarded("flow", "10.0.0.1")),
                                 line(3, 1000, forwarded("flow", "10.0.0.2"))),
                   "moved"));
}

BOOST_AUTO_TEST_CASE(a_flow_that_is_served_only_now_appears) {
    Comparison compared;
    BOOST_TEST(has(compared.take(line(1, 1000, refused("reset", "no-target")),
                                 line(1, 1000, forwarded("new-flow", "10.0.0.2"))),
                   R"({"change":"appears")"));
    BOOST_TEST(compared.any());
}

BOOST_AUTO_TEST_CASE(replies_and_other_refusals_only_count) {
    Comparison compared;
    BOOST_TEST(compared.take(line(1, 1000, forwarded("reply", "10.0.0.1")),
                             line(1, 1000, refused("pass", "not-ours"))) == "");
    BOOST_TEST(compared.take(line(2, 1000, refused("drop", "no-listener")),
                             line(2, 1000, refused("reset", "no-target"))) == "");
    BOOST_TEST(has(compared.summary(), R"("packets":2,"different":2,"moved":0)"));
}

BOOST_AUTO_TEST_CASE(the_address_of_a_target_may_change_behind_its_name) {
    Comparison compared;
    const std::string before = R"("verdict":"forward","reason":"new-flow","target":"i-1:80",)"
                               R"("new_destination_address":"10.0.0.1")";
    const std::string after = R"("verdict":"forward","reason":"new-flow","target":"i-1:80",)"
                              R"("new_destination_address":"10.0.0.9")";
    BOOST_TEST(has(compared.take(line(1, 1000, before), line(1, 1000, after)), "moved"));
}

BOOST_AUTO_TEST_CASE(lines_of_another_capture_are_refused) {
    const std::string now = line(7, 1000, refused("pass", "not-ours"));
    const std::pair<std::string, std::string> rows[] = {
        {line(8, 1000, refused("pass", "not-ours")),
         "error: packet 8 where packet 7 of the capture is expected"},
        {line(7, 1001, refused("pass", "not-ours")),
         "error: packet 7 is another one than in the capture"},
        {"", "error: no JSON object"},
        {"[]", "error: no JSON object"},
        {R"({"type":"hello"})", "error: member \"packet\" is missing"},
        {R"({"packet":-1,"time_ns":"1","verdict":"x","reason":"y"})",
         "error: member \"packet\" must be a whole number from 0 to 18446744073709551615"},
        {R"({"packet":1,"time_ns":"1","verdict":7,"reason":"y"})",
         "error: member \"verdict\" must be a string"},
    };
    for (const auto& [old, error] : rows) {
        Comparison compared;
        BOOST_TEST(compared.take(old, now) == error);
    }
}

BOOST_AUTO_TEST_SUITE_END()
