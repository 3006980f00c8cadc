// SPDX-License-Identifier: Apache-2.0
// Totals of a replay: by verdict and reason, by listener, by target.
#pragma once

#include "replay/names.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace nlb::replay {

struct Totals {
    std::uint64_t flows = 0;        ///< opened
    std::uint64_t packets = 0;      ///< of any verdict
    std::uint64_t client_bytes = 0; ///< of forwarded packets from clients, IP headers included
    std::uint64_t target_bytes = 0; ///< the same from targets
};

class Summary {
  public:
    explicit Summary(const flow::Tables& tables) : names_(tables) { make_room(); }

    /// The tables that decide from now on; nothing of them is kept.
    void set_tables(const flow::Tables& tables) {
        names_.set_tables(tables);
        make_room();
    }

    void decided(const flow::Decision& decision);

    void skipped() { ++skipped_; }

    void filtered() { ++filtered_; }

    /// One line of NDJSON each: the capture, reasons, listeners, targets; see nlb-forward(8).
    [[nodiscard]] std::string json() const;

    /// The same as rows of a table: KIND, NAME, PACKETS, FLOWS, CLIENT-BYTES, TARGET-BYTES.
    [[nodiscard]] std::vector<std::vector<std::string>> rows() const;

  private:
    void make_room() {
        listeners_.resize(names_.listeners().size());
        targets_.resize(names_.targets().size());
    }

    /// visit(verdict, reason, packets) of every one that occurred.
    template <class Visit>
    void each_reason(Visit&& visit) const;
    [[nodiscard]] Totals capture() const;

    Names names_;
    std::uint64_t packets_[NLB_ACTION_COUNT][NLB_REASON_COUNT] = {};
    std::uint64_t skipped_ = 0;
    std::uint64_t filtered_ = 0;
    std::vector<Totals> listeners_; ///< by number
    std::vector<Totals> targets_;
};

} // namespace nlb::replay
