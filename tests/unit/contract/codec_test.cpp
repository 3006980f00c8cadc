// SPDX-License-Identifier: Apache-2.0
#include "contract/codec.hpp"
#include "contract/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;
using namespace nlb::contract;

namespace {

TargetHealth sample() {
    return {.group = model::TargetGroupId{"targetgroup/web/0123456789abcdef"},
            .target = model::TargetId{"10.0.0.1:80"},
            .state = model::HealthState::Unhealthy,
            .reason = model::HealthReason::TargetFailedHealthChecks,
            .description = "said \"no\"\n",
            .since_ns = 1ULL << 60,
            .probe_seq = std::nullopt};
}

constexpr const char* kSampleLine =
    R"({"type":"target-health","group":"targetgroup/web/0123456789abcdef","target":"10.0.0.1:80",)"
    R"("state":"unhealthy","reason":"Target.FailedHealthChecks","description":"said \"no\"\n",)"
    R"("since_ns":"1152921504606846976","seq":7})";

} // namespace

BOOST_AUTO_TEST_SUITE(contract_codec)

BOOST_AUTO_TEST_CASE(a_message_is_one_line_with_members_in_table_order) {
    std::string line;
    encode(sample(), 7, line);
    BOOST_TEST(line == std::string(kSampleLine) + "\n");
}

BOOST_AUTO_TEST_CASE(what_was_written_is_read_back_equal) {
    Decoder decoder;
    Decoded decoded;
    BOOST_REQUIRE(decoder.decode(kSampleLine, decoded).has_value());
    BOOST_TEST(decoded.seq == 7U);
    BOOST_TEST((std::get<TargetHealth>(decoded.message) == sample()));
}

BOOST_AUTO_TEST_CASE(unknown_members_and_messages_are_no_error) {
    Decoder decoder;
    Decoded decoded;
    BOOST_REQUIRE(
        decoder.decode(R"({"new":[1],"type":"snapshot-request","x":{"y":1},"seq":1})", decoded)
            .has_value());
    BOOST_TEST(std::holds_alternative<SnapshotRequest>(decoded.message));
    BOOST_REQUIRE(decoder.decode(R"({"type":"from-the-future","seq":2})", decoded).has_value());
    BOOST_TEST(std::get<Unknown>(decoded.message).type == "from-the-future");
}

BOOST_AUTO_TEST_CASE(errors_name_column_member_and_what_is_allowed) {
    const struct {
        const char* line;
        const char* error;
    } rows[] = {
        {R"({"type":"target-health","group":"g","target":"t","seq":1})",
         R"(column 1: target-health: member "state" is missing)"},
        {R"({"type":"target-health","group":"g","target":"t","state":"ill"})",
         "column 50: target-health: member \"state\" must be initial, healthy, unhealthy, unused, "
         "draining, unavailable or unhealthy.draining"},
        {R"({"type":"target","group":"g","target":"t","address":"10.0.0.1","port":-1})",
         "must be a whole number from 0"},
        {R"({"type":"target","group":"g","target":"t","address":"nowhere","port":1})",
         "must be an IPv4 or IPv6 address"},
        {R"([1])", "column 1: a line must be a JSON object"},
        {R"({"seq":1})", "member \"type\" must be the name of a message"},
        {R"({"type":"hello")", "column 1: no JSON object: "},
        {"\x01\x02", "column 1: no JSON object: "},
        {R"({"type":"hello","a":[[[[[[[[1]]]]]]]]})", "column 1: no JSON object: "},
    };

    Decoder decoder;
    Decoded decoded;
    for (const auto& row : rows) {
        const auto read = decoder.decode(row.line, decoded);
        BOOST_TEST(!read.has_value(), row.line);
        if (!read)
            BOOST_TEST(read.error().attempt.find(row.error) != std::string::npos,
                       read.error().attempt);
    }
}

BOOST_AUTO_TEST_CASE(strings_are_valid_json_whatever_they_hold) {
    std::string out;
    append_json_string(std::string_view("\xff\xc0\xaf a\x00 \xf0\x9f\x98\x80", 11), out);
    BOOST_TEST(out == "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD a\\u0000 \xf0\x9f\x98\x80\"");
}

BOOST_AUTO_TEST_SUITE_END()
