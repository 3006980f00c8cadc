// SPDX-License-Identifier: Apache-2.0
// Frames of any bytes through the packet core, several in a row, so that flows can come to life:
// two bytes of length, then the frame. The first byte of the input chooses the limits. What the
// rules of verdicts forbid is a crash.
#include "packet/cast.hpp"
#include "support/verdict_rules.hpp"
#include "tables/build.hpp"

#include "flow/user_engine.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <cstdio>

using namespace nlb::test;

namespace {

Lines lines_of(const Cast& c, const std::string& name) {
    using nlb::model::Protocol;
    return one_target(c, {.group = name + "1"}) +
           one_target(
               c,
               {.preserve = true, .protocol = Protocol::TcpUdp, .group = name + "2", .port = 81}) +
           one_target(c, {.protocol = Protocol::Udp, .group = name + "3", .port = 82}) +
           one_target(c, {.protocol = Protocol::Tls, .group = name + "4", .port = 83});
}

nlb::flow::EngineLimits limits_of(std::uint8_t byte) {
    nlb::flow::EngineLimits limits{.most_flows = 64};
    if ((byte & 1U) != 0) limits.mtu = 100;
    if ((byte & 2U) != 0) limits.most_flows = 3;
    if ((byte & 4U) != 0) limits.new_flows_per_second = 1;
    return limits;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const nlb::flow::Tables tables =
        nlb::tables::build(lines_of(kCast4, "four") + lines_of(kCast6, "six")).value();
    if (size == 0) return 0;
    nlb::flow::UserEngine engine(tables, limits_of(data[0]));
    std::span<const std::uint8_t> rest(data + 1, size - 1);
    std::int64_t second = 0;
    while (rest.size() >= 2) {
        const auto wanted = static_cast<std::size_t>(rest[0] * 256U + rest[1]);
        rest = rest.subspan(2);
        const std::size_t length = std::min(wanted, rest.size());
        const Frame in(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(length));
        rest = rest.subspan(length);
        Frame out = in;
        const auto decision = engine.decide(out, nlb::Nanos::seconds(second += 5));
        const std::string complaint = verdict_complaint(in, out, decision);
        if (!complaint.empty()) std::fprintf(stderr, "%s\n", complaint.c_str());
        NLB_CHECK(complaint.empty());
        NLB_CHECK(out.size() <= in.size());
    }
    return 0;
}
