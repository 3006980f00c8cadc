// SPDX-License-Identifier: Apache-2.0
#include "packet/scenario.hpp"

#include "support/verdict_rules.hpp"
#include "tables/build.hpp"

#include "capture/writer.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>
#include <fstream>

namespace nlb::test {

namespace {

std::set<nlb_l4_reason>& met() {
    static std::set<nlb_l4_reason> reasons;
    return reasons;
}

std::string file_name(std::string text) {
    for (char& c : text) {
        if (c == ' ' || c == '/') c = '-';
    }
    return text;
}

std::string explain(const Row& row, const Engine& engine, const Step& step, const Frame& in,
                    const Frame& out, const Frame& wanted) {
    return std::string(row.sentence) + " [" + engine.name + "] at " +
           std::to_string(step.at_seconds) + " s\n" + step.packet.scapy() +
           "\nframe afterwards:\n" + hex_dump(out) + "\nwanted:\n" + hex_dump(wanted) +
           "\nsaved: " + save_frames(file_name(row.sentence), {in, out, wanted});
}

/// The frame that must come out.
Frame wanted_frame(const Step& step, const Frame& in, const nlb_l4_verdict& verdict) {
    if (!step.becomes) return in;
    PacketBuilder builder = *step.becomes;
    if (step.claims) builder.source_port(nlb_ntoh16(verdict.becomes.source_port_be));
    if (verdict.action == NLB_FORWARD)
        builder.ttl(static_cast<std::uint8_t>(step.packet.hops() - 1)); // one hop less to go
    return builder.build();
}

std::uint8_t wanted_action(const Step& step) {
    const std::uint8_t action = flow::reason_action(static_cast<std::uint8_t>(step.reason));
    return action == NLB_RESET && !step.becomes ? static_cast<std::uint8_t>(NLB_DROP) : action;
}

void play_step(const Row& row, const Engine& engine, const Step& step, Claimed& claimed) {
    const Frame in = step.packet.build();
    Frame out = in;
    const auto now = Nanos{static_cast<std::int64_t>(step.at_seconds * 1e9)};
    const flow::Decision decision = engine.decide(out, now);
    const nlb_l4_verdict& verdict = decision.verdict;
    if (verdict.reason == NLB_REASON_NEW_FLOW)
        claimed.port = nlb_ntoh16(verdict.becomes.source_port_be);
    const Frame wanted = wanted_frame(step, in, verdict);
    const std::string complaint = verdict_complaint(in, out, decision);
    const bool right = verdict.reason == step.reason && verdict.action == wanted_action(step) &&
                       out == wanted && complaint.empty();
    BOOST_TEST(flow::reason_text(verdict.reason) ==
               flow::reason_text(static_cast<std::uint8_t>(step.reason)));
    BOOST_TEST(right, explain(row, engine, step, in, out, wanted) << "\n" << complaint);
}

void play_on(const Row& row, const Engine& engine, const flow::Tables& first) {
    std::deque<flow::Tables> swapped; // engines keep references
    const flow::Tables* current = &first;
    Claimed claimed;
    flow::Counters wanted{};
    for (const Make& make : row.steps) {
        const Step step = make(claimed);
        if (step.tables) {
            current = &swapped.emplace_back(tables::build(*step.tables, {}, current).value());
            engine.set_tables(*current);
        }
        play_step(row, engine, step, claimed);
        ++wanted[step.reason];
        met().insert(step.reason);
    }
    BOOST_TEST(engine.counters() == wanted,
               row.sentence << " [" << engine.name << "]: the counters differ");
}

} // namespace

const std::set<nlb_l4_reason>& reasons_met() {
    return met();
}

std::string save_frames(const std::string& name, const std::vector<Frame>& frames) {
    capture::Writer writer;
    for (std::size_t i = 0; i < frames.size(); ++i)
        writer.put(Nanos::seconds(static_cast<std::int64_t>(i)), frames[i]);
    const std::string path = name + ".pcap";
    std::ofstream(path, std::ios::binary) << writer.drain();
    return path;
}

void play(const Row& row) {
    const flow::Tables tables = tables::build(row.lines, {"", row.host_ports}).value();
    for (const Engine& engine : engines(tables, row.limits))
        play_on(row, engine, tables);
}

} // namespace nlb::test
