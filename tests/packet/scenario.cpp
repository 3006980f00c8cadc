// SPDX-License-Identifier: Apache-2.0
#include "packet/scenario.hpp"

#include "tables/build.hpp"

#include "capture/writer.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>

namespace nlb::test {

namespace {

std::string file_name(std::string text) {
    for (char& c : text) {
        if (c == ' ' || c == '/') c = '-';
    }
    return text;
}

std::string explain(const Row& row, const Engine& engine, const Step& step, const Frame& in,
                    const Frame& out, const std::optional<Frame>& wanted) {
    std::string text = std::string(row.sentence) + " [" + engine.name + "]\n" +
                       step.packet.scapy() + "\nframe afterwards:\n" + hex_dump(out);
    std::vector<Frame> frames{in, out};
    if (wanted) {
        text += "\nwanted:\n" + hex_dump(*wanted);
        frames.push_back(*wanted);
    }
    return text + "\nsaved: " + save_frames(file_name(row.sentence), frames);
}

/// The frame that must come out, with the claimed port where the row cannot know it.
Frame wanted_frame(const Step& step, const Frame& in, const nlb_l4_verdict& verdict) {
    if (!step.becomes) return in;
    PacketBuilder builder = *step.becomes;
    if (verdict.reason == NLB_REASON_NEW_FLOW || verdict.reason == NLB_REASON_FLOW)
        builder.source_port(nlb_ntoh16(verdict.becomes.source_port_be));
    if (verdict.action == NLB_FORWARD) builder.ttl(63); // one hop less to go
    return builder.build();
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
    const bool right = verdict.reason == step.reason &&
                       verdict.action == flow::reason_action(verdict.reason) && out == wanted;
    BOOST_TEST(flow::reason_text(verdict.reason) ==
               flow::reason_text(static_cast<std::uint8_t>(step.reason)));
    BOOST_TEST(right, explain(row, engine, step, in, out, wanted));
}

} // namespace

std::string save_frames(const std::string& name, const std::vector<Frame>& frames) {
    capture::Writer writer;
    for (std::size_t i = 0; i < frames.size(); ++i)
        writer.put(Nanos::seconds(static_cast<std::int64_t>(i)), frames[i]);
    const std::string path = name + ".pcap";
    std::ofstream(path, std::ios::binary) << writer.drain();
    return path;
}

void play(const Row& row) {
    const flow::Tables tables = tables::build(row.lines).value();
    for (const Engine& engine : engines(tables)) {
        Claimed claimed;
        flow::Counters wanted{};
        for (const auto& make : row.steps) {
            const Step step = make(claimed);
            play_step(row, engine, step, claimed);
            ++wanted[step.reason];
        }
        BOOST_TEST(engine.counters() == wanted,
                   row.sentence << " [" << engine.name << "]: the counters differ");
    }
}

} // namespace nlb::test
