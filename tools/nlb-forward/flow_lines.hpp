// SPDX-License-Identifier: Apache-2.0
// Live flows as lines, for people and for programs.
#pragma once

#include "base/ip.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// One flow with the names of what it belongs to; nlb-forward(8) describes the members.
struct FlowLine {
    std::string protocol; ///< "tcp", "udp"
    std::string state;
    nlb::Endpoint client;
    nlb::Endpoint destination; ///< where the client sends to
    nlb::Endpoint source;      ///< whom the target sees; port 0: nobody yet
    nlb::Endpoint target_at;
    std::string listener;
    std::string zone;
    std::string group;
    std::string target;
    std::optional<std::uint64_t> client_packets; ///< nothing: sockets see none
    std::uint64_t client_bytes = 0; ///< of packets IP headers included, of sockets payload
    std::optional<std::uint64_t> target_packets;
    std::uint64_t target_bytes = 0;
    std::uint64_t age_s = 0;
    std::uint64_t idle_ms = 0;
};

/// What a flow's state may be.
constexpr std::string_view kFlowStates[] = {"opening", "established", "closing",
                                            "closed",  "reset",       "expired"};

/// One JSON object and a newline.
void append_json(const FlowLine& line, std::string& out);

/// The columns of a table, and their names.
std::vector<std::string> cells_of(const FlowLine& line);
std::vector<std::string> flow_columns();

/// Which flows are wanted: all words must fit.
class FlowFilter {
  public:
    /// `words` come in pairs. Errors: Usage.
    static nlb::Result<FlowFilter> parse(const std::vector<std::string>& words);

    [[nodiscard]] bool fits(const FlowLine& line) const;

  private:
    struct Where {
        nlb::IpAddress address;
        std::optional<std::uint16_t> port;
    };

    nlb::Result<void> take(const std::string& word, const std::string& value);
    static nlb::Result<Where> parse_where(const std::string& text);
    static bool fits(const std::optional<Where>& where, const nlb::Endpoint& endpoint);

    std::optional<std::string> state_;
    std::optional<Where> from_;
    std::optional<Where> to_;
    std::optional<std::string> target_;
    std::optional<std::string> listener_;
};
