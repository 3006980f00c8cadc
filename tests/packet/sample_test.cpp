// SPDX-License-Identifier: Apache-2.0
// Every capture of the folder NLB_SAMPLE_PCAPS through all engines, with the busiest endpoints of
// each capture as listeners, so that real flows are opened, rewritten and answered.
#include "packet/scenario.hpp"
#include "support/route_lines.hpp"
#include "tables/build.hpp"

#include "capture/link.hpp"
#include "capture/reader.hpp"
#include "io/source.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

using namespace nlb::test;

namespace {

struct Stamped {
    nlb::Nanos time;
    Frame frame;
};

/// The packets that could be read; what ended the file early is the capture reader's to tell.
std::vector<Stamped> load(const std::string& path) {
    auto source = nlb::io::open_source(path);
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

using Kind = std::pair<std::uint8_t, std::uint8_t>; // protocol, address family

/// Of TCP the destination of the most SYNs, or of the most segments where the capture has none; of
/// UDP that of the most datagrams.
std::map<Kind, nlb::Endpoint> busiest(const std::vector<Stamped>& packets) {
    const nlb::flow::Tables nothing;
    nlb::flow::UserEngine parser(nothing);
    std::map<Kind, std::map<nlb::Endpoint, std::size_t>> counts;
    for (const Stamped& packet : packets) {
        Frame frame = packet.frame;
        const nlb_l4_desc desc = parser.decide(frame, packet.time).desc;
        const nlb_tuple& key = desc.key;
        if (desc.outer_protocol != key.protocol || key.destination_port_be == 0) continue;
        if (key.protocol != NLB_PROTOCOL_TCP && key.protocol != NLB_PROTOCOL_UDP) continue;
        counts[{key.protocol, key.family}][{nlb::flow::address_of(key.destination_be, key.family),
                                            nlb_ntoh16(key.destination_port_be)}] +=
            (desc.tcp_flags & (NLB_TCP_SYN | NLB_TCP_ACK)) == NLB_TCP_SYN ? 1000 : 1;
    }
    std::map<Kind, nlb::Endpoint> best;
    for (const auto& [kind, endpoints] : counts) {
        best[kind] = std::max_element(endpoints.begin(), endpoints.end(), [](auto& x, auto& y) {
                         return x.second < y.second;
                     })->first;
    }
    return best;
}

std::vector<nlb::contract::Message> lines_for(const std::map<Kind, nlb::Endpoint>& endpoints,
                                              bool preserve) {
    std::vector<nlb::contract::Message> lines;
    for (const auto& [kind, endpoint] : endpoints) {
        const auto& [protocol, family] = kind;
        const std::string group = "tg-" + std::to_string(protocol) + "-" + std::to_string(family);
        auto listener = listener_line(endpoint.port, group, endpoint.address.text());
        listener.listener = nlb::model::ListenerId{"listener-" + group};
        if (protocol == NLB_PROTOCOL_UDP) listener.protocol = nlb::model::Protocol::Udp;
        auto routing = routing_line(group, preserve);
        if (family == 6) routing.source = ip("2001:db8::5");
        const bool v4 = family == 4;
        lines.insert(lines.end(),
                     {listener, routing,
                      route_line(v4 ? "10.0.1.1" : "2001:db8:1::1", 8080, true, group),
                      route_line(v4 ? "10.0.1.2" : "2001:db8:1::2", 8080, true, group)});
    }
    return lines;
}

void replay(const std::filesystem::path& path, bool preserve) {
    const auto packets = load(path);
    const auto endpoints = busiest(packets);
    const auto lines = lines_for(endpoints, preserve);
    const nlb::flow::Tables tables = nlb::tables::build(lines).value();
    auto all = engines(tables);
    std::uint64_t number = 0;
    std::set<std::uint32_t> met; // listeners
    for (const Stamped& packet : packets) {
        ++number;
        Frame first = packet.frame;
        const auto wanted = all[0].decide(first, packet.time);
        if (wanted.verdict.listener != NLB_NONE) met.insert(wanted.verdict.listener);
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
    BOOST_TEST(met.size() == endpoints.size(), path << ": a listener is met by no packet");
    BOOST_TEST_MESSAGE(path.filename()
                       << ": " << packets.size() << " packets on " << all.size() << " engines, "
                       << met.size() << " listeners, "
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
