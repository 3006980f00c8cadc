// SPDX-License-Identifier: Apache-2.0
#include "contract/sets.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;
using namespace nlb::contract;

namespace {

Hello hello() {
    return {.contract = 1, .tool = "nlb-test", .instance = "0000000000000001"};
}

Set sample_set() {
    Set set{SetKind::TargetSet, model::TargetGroupId{"g"}, 3, false, {}};
    for (int i = 0; i < 5; ++i) {
        set.lines.emplace_back(Target{.group = set.scope,
                                      .target = model::TargetId{"10.0.0.1:" + std::to_string(i)},
                                      .address = IpAddress::parse("10.0.0.1").value(),
                                      .port = 80});
    }
    return set;
}

std::string stream_with_set() {
    StreamWriter writer(hello());
    append_set(sample_set(), writer);
    return writer.drain();
}

/// Every completed set and every drop that `bytes` makes, cut into pieces of `step`.
std::pair<std::vector<Set>, std::vector<std::string>> assemble(std::string_view bytes,
                                                               std::size_t step) {
    StreamReader reader;
    SetAssembler assembler;
    std::vector<Set> sets;
    std::vector<std::string> drops;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        const std::string piece(bytes.substr(at, step));
        for (const Event& event : reader.feed(piece)) {
            auto outcome = assembler.take(event);
            if (auto* set = std::get_if<Set>(&outcome)) sets.push_back(std::move(*set));
            if (auto* drop = std::get_if<SetAssembler::Dropped>(&outcome))
                drops.push_back(drop->why);
        }
    }
    return {sets, drops};
}

} // namespace

BOOST_AUTO_TEST_SUITE(contract_stream)

BOOST_AUTO_TEST_CASE(a_set_survives_any_cut_of_its_bytes) {
    const std::string bytes = stream_with_set();
    for (std::size_t step = 1; step < 200; ++step) {
        const auto [sets, drops] = assemble(bytes, step);
        BOOST_REQUIRE(sets.size() == 1U);
        BOOST_TEST(drops.empty());
        BOOST_TEST((sets[0].lines == sample_set().lines));
    }
}

BOOST_AUTO_TEST_CASE(a_lost_line_is_a_gap_and_voids_the_set) {
    std::string bytes = stream_with_set();
    const std::size_t third = bytes.find("10.0.0.1:1");
    const std::size_t start = bytes.rfind('\n', third) + 1;
    bytes.erase(start, bytes.find('\n', third) + 1 - start);
    const auto [sets, drops] = assemble(bytes, 4096);
    BOOST_TEST(sets.empty());
    BOOST_REQUIRE(drops.size() == 1U);
    BOOST_TEST(drops[0] == "target-set of g dropped: lines were lost");
}

BOOST_AUTO_TEST_CASE(a_changed_line_fails_the_digest) {
    std::string bytes = stream_with_set();
    bytes.replace(bytes.find("10.0.0.1:3"), 10, "10.0.0.1:9");
    const auto [sets, drops] = assemble(bytes, 4096);
    BOOST_TEST(sets.empty());
    BOOST_REQUIRE(drops.size() == 1U);
    BOOST_TEST(drops[0].find("digest differs") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_restart_of_the_sender_is_no_gap) {
    const auto [sets, drops] = assemble(stream_with_set() + stream_with_set(), 77);
    BOOST_TEST(sets.size() == 2U);
    BOOST_TEST(drops.empty());
}

BOOST_AUTO_TEST_CASE(an_endless_line_costs_one_complaint_and_no_memory) {
    StreamReader reader;
    const std::string piece(100'000, 'x');
    for (int i = 0; i < 100; ++i)
        BOOST_TEST(reader.feed(piece).empty());
    const auto events = reader.feed("\n{\"type\":\"snapshot-request\"}\n");
    BOOST_REQUIRE(events.size() == 2U);
    BOOST_TEST(std::get<BadLine>(events[0].what).line == 1U);
    BOOST_TEST(std::holds_alternative<Message>(events[1].what));
}

BOOST_AUTO_TEST_CASE(a_last_line_without_newline_counts) {
    StreamReader reader;
    BOOST_TEST(reader.feed(R"({"type":"snapshot-request"})").empty());
    BOOST_TEST(reader.finish().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
