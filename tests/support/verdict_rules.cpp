// SPDX-License-Identifier: Apache-2.0
#include "support/verdict_rules.hpp"

#include <algorithm>

namespace nlb::test {

namespace {

bool is_zero(const nlb_tuple& tuple) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&tuple);
    return std::all_of(bytes, bytes + sizeof(tuple), [](std::uint8_t byte) { return byte == 0; });
}

/// The action that belongs to the reason, or DROP where there is nothing a RST could answer.
bool fits_reason(const flow::Decision& decision) {
    const nlb_l4_verdict& verdict = decision.verdict;
    const std::uint8_t action = flow::reason_action(verdict.reason);
    const bool is_answerable =
        decision.desc.outer_protocol == 6 && (decision.desc.flags & NLB_DESC_LATER_FRAGMENT) == 0;
    if (action == NLB_RESET && !is_answerable) return verdict.action == NLB_DROP;
    return verdict.action == action;
}

/// Bytes before the IP header: addresses are swapped in answers, the rest stays.
bool keeps_link_header(const Frame& in, const Frame& out, const flow::Decision& decision) {
    const bool turns = decision.verdict.action == NLB_RESET || decision.verdict.action == NLB_ICMP;
    const std::size_t l3 = decision.desc.l3_offset;
    if (!turns) return std::equal(in.begin(), in.begin() + 12, out.begin());
    return std::equal(in.begin(), in.begin() + 6, out.begin() + 6) &&
           std::equal(in.begin() + 6, in.begin() + 12, out.begin()) &&
           std::equal(in.begin() + 12, in.begin() + static_cast<std::ptrdiff_t>(l3),
                      out.begin() + 12);
}

/// How long a frame with this verdict is.
std::size_t length_of(const Frame& in, const flow::Decision& decision) {
    const nlb_l4_desc& desc = decision.desc;
    const bool v6 = desc.key.family == 6;
    const std::size_t ip = desc.l3_offset + (v6 ? 40U : 20U);
    if (decision.verdict.action == NLB_RESET) return ip + 20;
    if (decision.verdict.action == NLB_ICMP) return ip + 8 + (v6 ? NLB_QUOTE6 : NLB_QUOTE4);
    return in.size();
}

} // namespace

std::string verdict_complaint(const Frame& in, const Frame& out, const flow::Decision& decision) {
    const nlb_l4_verdict& verdict = decision.verdict;
    if (verdict.reason >= NLB_REASON_COUNT || verdict.action >= NLB_ACTION_COUNT)
        return "no such reason or action";
    if (!fits_reason(decision)) return "the action does not belong to the reason";
    const bool goes_out = verdict.action != NLB_PASS && verdict.action != NLB_DROP;
    const bool has_ends = verdict.action == NLB_FORWARD || verdict.action == NLB_ICMP;
    if (is_zero(verdict.becomes) == has_ends) return "`becomes` is for FORWARD and ICMP";
    if ((verdict.mtu != 0) != (verdict.action == NLB_ICMP)) return "`mtu` is for ICMP";
    if (out.size() != length_of(in, decision)) return "the frame has another length";
    if (!goes_out && verdict.reason != NLB_REASON_REWRITE_FAILED && in != out)
        return "the frame was changed but goes nowhere";
    if (goes_out && !keeps_link_header(in, out, decision)) return "the link header was changed";
    if (verdict.action == NLB_RESET) return checksum_complaint(out);
    return goes_out && checksum_complaint(in).empty() ? checksum_complaint(out) : "";
}

} // namespace nlb::test
