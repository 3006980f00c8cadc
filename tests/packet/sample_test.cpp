// SPDX-License-Identifier: Apache-2.0
// Every capture of the folder NLB_SAMPLE_PCAPS through all engines, with the busiest endpoint of
// each capture as the listener, so that real flows are opened, rewritten and answered.
#include "packet/scenario.hpp"
#include "support/route_lines.hpp"
#include "tables/build.hpp"

#include "capture/link.hpp"
#include "capture/reader.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

using namespace nlb::test;

namespace {

struct Stamped {
    nlb::Nanos time;
    Frame frame;
};

/// The packets that could be read; what ended the file early is the capture reader's to tell.
std::vector<Stamped> load(const std::string& path) {
    auto source = nlb::capture::open_source(path);
    BOOST_REQUIRE_MESSAGE(source.has_value(), path);
    std::vector<Stamped> packets;
    auto reader = nlb::capture::Reader::open(std::move(*source));
    if (!reader) BOOST_FAIL(path << ": " << reader.error().text());
    while (true) {
        auto packet = reader->next();
        if (!packet) BOOST_FAIL(path << ": " << packet.error().text());
        if (*packet == nullptr) return packets;
        Stamped stamped{(*packet)->time, {}};
        if (nlb::capture::to_ethernet((*packet)->link_type, (*packet)->bytes, stamped.frame))
            packets.push_back(std::move(stamped));
    }
}

/// Destination of the most SYNs, or of the most TCP segments where the capture has none.
nlb::Endpoint busiest(const std::vector<Stamped>& packets) {
    const nlb::flow::Tables nothing;
    nlb::flow::UserEngine parser(nothing);
    std::map<nlb::Endpoint, std::size_t> counts;
    for (const Stamped& packet : packets) {
        Frame frame = packet.frame;
        const nlb_l4_desc desc = parser.decide(frame, packet.time).desc;
        if (desc.key.protocol != NLB_PROTOCOL_TCP || desc.key.destination_port_be == 0) continue;
        counts[{nlb::flow::address_of(desc.key.destination_be, desc.key.family),
                nlb_ntoh16(desc.key.destination_port_be)}] +=
            (desc.tcp_flags & (NLB_TCP_SYN | NLB_TCP_ACK)) == NLB_TCP_SYN ? 1000 : 1;
    }
    nlb::Endpoint best{ip("198.51.100.1"), 80};
    std::size_t most = 0;
    for (const auto& [endpoint, count] : counts) {
        if (count > most) {
            best = endpoint;
            most = count;
        }
    }
    return best;
}

void replay(const std::filesystem::path& path, bool preserve) {
    const auto packets = load(path);
    const nlb::Endpoint endpoint = busiest(packets);
    const std::vector<nlb::contract::Message> lines{
        listener_line(endpoint.port, "tg-1", endpoint.address.text()),
        routing_line("tg-1", preserve), route_line("10.0.1.1"), route_line("10.0.1.2")};
    const nlb::flow::Tables tables = nlb::tables::build(lines).value();
    auto all = engines(tables);
    std::uint64_t number = 0;
    for (const Stamped& packet : packets) {
        ++number;
        Frame first = packet.frame;
        const auto wanted = all[0].decide(first, packet.time);
        for (std::size_t i = 1; i < all.size(); ++i) {
            Frame frame = packet.frame;
            const auto got = all[i].decide(frame, packet.time);
            BOOST_TEST((frame == first && got.verdict.reason == wanted.verdict.reason),
                       path << ": packet " << number << ": " << all[i].name << " differs");
        }
    }
    std::uint64_t decided = 0;
    const auto counters = all[0].counters();
    for (const std::uint64_t count : counters)
        decided += count;
    BOOST_TEST(decided == packets.size());
    BOOST_TEST_MESSAGE(path.filename()
                       << ": " << packets.size() << " packets on " << all.size() << " engines, "
                       << counters[NLB_REASON_NEW_FLOW] + counters[NLB_REASON_FLOW]
                       << " forwarded, " << counters[NLB_REASON_NO_FLOW] << " reset");
}

} // namespace

BOOST_AUTO_TEST_SUITE(packet_sample)

BOOST_AUTO_TEST_CASE(captures_of_a_folder_meet_the_same_fate_on_every_engine) {
    const char* folder = std::getenv("NLB_SAMPLE_PCAPS");
    if (folder == nullptr) {
        BOOST_TEST(true, "NLB_SAMPLE_PCAPS names no folder");
        BOOST_TEST_MESSAGE("sample captures skipped: NLB_SAMPLE_PCAPS names no folder");
        return;
    }
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().filename().string().find(".pcap") != std::string::npos)
            paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    BOOST_REQUIRE(!paths.empty());
    for (const auto& path : paths) {
        replay(path, false);
        replay(path, true);
    }
}

BOOST_AUTO_TEST_SUITE_END()
