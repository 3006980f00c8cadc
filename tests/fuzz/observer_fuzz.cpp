// SPDX-License-Identifier: Apache-2.0
// Segments of connections to two targets from any bytes, as `nlb-health replay` feeds them:
// whatever comes, states and reports are those that can be.
#include "health/observer.hpp"

#include "base/check.hpp"

#include <cstdint>

using namespace nlb;
using namespace nlb::health;

namespace {

GroupSet group(const char* id, model::HealthCheckProtocol protocol, bool proxied) {
    contract::TargetGroup line;
    line.group = model::TargetGroupId{id};
    line.check_protocol = protocol;
    line.check_path = "/";
    line.check_timeout_ms = 2000;
    line.check_interval_ms = 5000;
    line.healthy_threshold = 2;
    line.unhealthy_threshold = 2;
    if (proxied) line.proxy_protocol_v2 = true;
    contract::Target target;
    target.group = line.group;
    target.target = model::TargetId{"t"};
    target.address = IpAddress::parse("10.0.0.1").value();
    target.port = 80;
    return {line.group, 1, CheckSettings::from(line).value(), {}, {target}};
}

} // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kHead = 4;
    using enum model::HealthCheckProtocol;
    Observer observer({group("tcp", Tcp, false), group("http", Http, false),
                       group("https", Https, false), group("proxied", Http, true)});
    Nanos now;
    while (size >= kHead) {
        // flags and direction, client and time, sequence, payload bytes
        const std::uint8_t flags = data[0];
        const Endpoint target{IpAddress::parse("10.0.0.1").value(), 80};
        const Endpoint client{IpAddress::parse("10.0.0.2").value(),
                              static_cast<std::uint16_t>(1 + data[1] % 4)};
        now += Nanos::milliseconds(std::int64_t{data[1]} * 10);
        const std::size_t length = std::min<std::size_t>(data[3], size - kHead);
        const bool back = (flags & 0x80U) != 0;
        observer.take({now,
                       back ? target : client,
                       back ? client : target,
                       (flags & 0x10U) != 0,
                       {data[2],
                        (flags & 2U) != 0,
                        (flags & 1U) != 0,
                        (flags & 4U) != 0,
                        {data + kHead, length}}});
        data += kHead + length;
        size -= kHead + length;
    }
    observer.tick(now + Nanos::seconds(60));
    for (const Observer::Report& report : observer.drain()) {
        const auto* change = std::get_if<Observer::Transition>(&report.what);
        if (change != nullptr) NLB_CHECK(change->before != change->now.state);
    }
    NLB_CHECK(observer.states().size() == 4);
    return 0;
}
