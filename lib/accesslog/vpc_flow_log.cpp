// SPDX-License-Identifier: Apache-2.0
#include "accesslog/vpc_flow_log.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace nlb::accesslog {

namespace {

using Number = std::optional<std::uint64_t>;
using Address = std::optional<IpAddress>;

constexpr std::uint64_t kTcp = 6; // IANA
constexpr std::uint64_t kUdp = 17;
constexpr std::uint64_t kTcpHeader = 32; // with timestamps
constexpr std::uint64_t kUdpHeader = 8;
constexpr std::uint64_t kLastMs = 253'402'300'799'999; // 9999-12-31T23:59:59.999

/// Each field is preceded by a space, as version and the two that are never known begin the line.
class Line {
  public:
    explicit Line(std::string& out) : out_(out) { out_ += "2 - -"; }

    void put(std::string_view text) {
        out_ += ' ';
        out_ += text;
    }

    void put(const Number& value) {
        if (!value) return put("-");
        std::array<char, 20> digits{};
        const auto end = std::to_chars(digits.begin(), digits.end(), *value).ptr;
        put({digits.data(), static_cast<std::size_t>(end - digits.data())});
    }

    void put(const Address& address) {
        if (!address) return put("-");
        out_ += ' ';
        address->append_text(out_);
    }

  private:
    std::string& out_;
};

/// One direction of a flow.
struct Direction {
    Address source;
    Number source_port;
    Address destination;
    Number destination_port;
    Number packets;
    std::uint64_t bytes = 0; ///< as the message has them
};

Number protocol_of(const contract::Flow& flow) {
    if (!flow.protocol || *flow.protocol == "tcp") return kTcp;
    return *flow.protocol == "udp" ? Number(kUdp) : std::nullopt;
}

/// Of IP packets, headers included.
Number bytes_of(const contract::Flow& flow, const Direction& one, const Number& protocol) {
    if (flow.datapath == "kernel") return one.bytes;
    if (flow.datapath != "sockets" || !one.packets || !one.source || !protocol) return std::nullopt;
    const std::uint64_t ip = one.source->is_v4() ? 20 : 40;
    return one.bytes + *one.packets * (ip + (protocol == kUdp ? kUdpHeader : kTcpHeader));
}

std::string_view action_of(const contract::Flow& flow) {
    if (!flow.accepted) return "-";
    return *flow.accepted ? "ACCEPT" : "REJECT";
}

void append(const contract::Flow& flow, const Direction& one, std::string& out) {
    const Number protocol = protocol_of(flow);
    Line line(out);
    line.put(one.source);
    line.put(one.destination);
    line.put(one.source_port);
    line.put(one.destination_port);
    line.put(protocol);
    line.put(one.packets);
    line.put(bytes_of(flow, one, protocol));
    line.put(Number(flow.start_ms / 1000));
    line.put(Number((flow.start_ms + flow.duration_ms) / 1000));
    line.put(action_of(flow));
    line.put("OK\n");
}

} // namespace

bool is_wanted(TrafficType type, const contract::Flow& flow) {
    switch (type) {
    case TrafficType::All: return true;
    case TrafficType::Accept: return flow.accepted == true;
    case TrafficType::Reject: return flow.accepted == false;
    case TrafficType::None: break;
    }
    return false;
}

std::string_view problem_of(const contract::Flow& flow) {
    const Number ports[] = {flow.client_port, flow.destination_port, flow.source_port,
                            flow.target_port};
    if (std::any_of(std::begin(ports), std::end(ports),
                    [](const Number& port) { return port.value_or(0) > 65535; }))
        return "a port above 65535";
    if (flow.start_ms > kLastMs || flow.duration_ms > kLastMs - flow.start_ms)
        return "an end beyond the year 9999";
    return {};
}

void append_vpc_flow_records(const contract::Flow& flow, std::string& out) {
    append(flow,
           {flow.client_address, flow.client_port, flow.destination_address, flow.destination_port,
            flow.client_packets, flow.client_bytes},
           out);
    if (!flow.target_address) return;
    append(flow,
           {flow.target_address, flow.target_port, flow.source_address, flow.source_port,
            flow.target_packets, flow.target_bytes},
           out);
}

} // namespace nlb::accesslog
