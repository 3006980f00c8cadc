// SPDX-License-Identifier: Apache-2.0
// The packet core over tables in memory: what the kernel programs do, with the same text. Frames
// are Ethernet; the clock is an argument.
#pragma once

#include "flow/flow_table.hpp"
#include "flow/tables.hpp"

#include "base/time.hpp"

#include "l4/l4_work.h"

#include <array>
#include <string_view>
#include <vector>

namespace nlb::flow {

constexpr std::size_t kMostFlows = 1U << 20; ///< entries, two a flow; what the kernel table has

using Counters = std::array<std::uint64_t, NLB_REASON_COUNT>;

struct Decision {
    nlb_l4_desc desc{}; ///< zero as far as the frame could not be read
    nlb_l4_verdict verdict{};
};

/// A question of the decision and its answer.
struct Asked {
    nlb_l4_question question;
    std::uint64_t answer;
};

/// Something happened to a flow.
struct Event {
    nlb_event_kind kind;
    nlb_pair ends;
    nlb_flow flow; ///< of the client's direction, as it is now
};

struct EngineLimits {
    std::size_t most_flows = kMostFlows;    ///< entries of each address family
    std::uint64_t new_flows_per_second = 0; ///< above it no flow is opened; 0: no guard
    std::uint32_t mtu = 0;                  ///< of every way out; 0: everything fits
};

class UserEngine {
  public:
    /// Keeps a reference to `tables`.
    explicit UserEngine(const Tables& tables, EngineLimits limits = {});

    /// Swaps the tables; flows stay.
    void set_tables(const Tables& tables) { tables_ = &tables; }

    /// From now on questions() tells of the last packet; costs time.
    void keep_questions() { keeps_questions_ = true; }

    /// From now on events() tells of the last packet.
    void keep_events() { keeps_events_ = true; }

    /// Decides and changes `frame` accordingly: FORWARD rewrites it, RESET and ICMP turn it into
    /// the answer.
    Decision decide(std::vector<std::uint8_t>& frame, Nanos now);

    /// Forgets flows that ended more than `kept` ago, so that a long run stays bounded.
    void sweep(Nanos now, Nanos kept);

    [[nodiscard]] const Counters& counters() const { return counters_; }

    [[nodiscard]] std::span<const Asked> questions() const { return questions_; }

    [[nodiscard]] std::span<const Event> events() const { return events_; }

    /// Of both address families, two a flow.
    [[nodiscard]] std::size_t entries() const { return flows4_.size() + flows6_.size(); }

    [[nodiscard]] const FlowTable4& flows4() const { return flows4_; }

    [[nodiscard]] const FlowTable6& flows6() const { return flows6_; }

  private:
    friend struct EngineAccess;

    const Tables* tables_;
    EngineLimits limits_;
    FlowTable4 flows4_;
    FlowTable6 flows6_;
    std::vector<nlb_fragment> fragments_;     ///< NLB_FRAGMENT_SLOTS, once a fragment came
    std::vector<std::uint64_t> exhausted_ns_; ///< by target
    std::uint64_t second_ = 0;                ///< of the guard
    std::uint64_t opened_this_second_ = 0;
    Counters counters_{};
    bool keeps_questions_ = false;
    bool keeps_events_ = false;
    std::vector<Asked> questions_;
    std::vector<Event> events_;
    nlb_l4_work work_{};
};

std::string_view action_text(std::uint8_t action);
std::string_view reason_text(std::uint8_t reason);
std::string_view reason_sentence(std::uint8_t reason);
/// The action every packet with this reason meets; of RESET, packets that are not TCP meet DROP.
std::uint8_t reason_action(std::uint8_t reason);
std::string_view question_text(nlb_l4_question question);
/// Whether its answer is 0 or 1, no other number.
bool is_yes_no(nlb_l4_question question);

} // namespace nlb::flow
