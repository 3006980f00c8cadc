// SPDX-License-Identifier: Apache-2.0
// One packet's fate as a line of NDJSON, whose members are in nlb-forward(8), or as a comment for
// people. Names are escaped once for all packets, numbers are written without detours: a capture
// has millions of them.
#pragma once

#include "replay/names.hpp"

#include "base/time.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::replay {

/// Where the packet stood in the capture.
struct PacketPlace {
    std::uint64_t number = 0;
    Nanos time;
};

class VerdictText {
  public:
    explicit VerdictText(const flow::Tables& tables) : names_(tables) { render(); }

    /// The tables that decide from now on; nothing of them is kept.
    void set_tables(const flow::Tables& tables) {
        names_.set_tables(tables);
        render();
    }

    /// `questions`: of the decision, or none.
    void append_line(const PacketPlace& place, const flow::Decision& decision,
                     std::span<const flow::Asked> questions, std::string& out) const;

    /// "packet 7: forward (new-flow) 192.0.2.1:4711 > 198.51.100.1:80, target 10.0.0.1:8080"
    void append_comment(const PacketPlace& place, const flow::Decision& decision,
                        std::string& out) const;

    /// The line of a packet that the engines cannot be shown.
    static void append_skipped(const PacketPlace& place, std::string_view reason, std::string& out);

  private:
    void render();

    Names names_;
    std::vector<std::string> listeners_; ///< ,"load_balancer":"...","listener":"..." by number
    std::vector<std::string> targets_;   ///< ,"target":"..."
};

} // namespace nlb::replay
