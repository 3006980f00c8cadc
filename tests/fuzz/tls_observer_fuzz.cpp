// SPDX-License-Identifier: Apache-2.0
// Segments of TLS connections from any bytes, as `nlb-logs replay` feeds them: whatever comes, an
// entry is one that the reader of entries takes, and no connection ends before it was accepted.
#include "accesslog/entry.hpp"
#include "accesslog/entry_line.hpp"
#include "accesslog/observer.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <cstdint>

using namespace nlb;
using accesslog::Observer;

namespace {

/// Flags and direction, client and time, sequence, payload bytes.
constexpr std::size_t kHead = 4;

Observer::Seen segment(const std::uint8_t* data, std::size_t length, Nanos now) {
    const Endpoint node{IpAddress::parse("10.0.0.1").value(), 443};
    const Endpoint client{IpAddress::parse("10.0.0.2").value(),
                          static_cast<std::uint16_t>(1 + data[1] % 4)};
    const std::uint8_t flags = data[0];
    const bool back = (flags & 0x80U) != 0;
    return {
        now,
        back ? node : client,
        back ? client : node,
        (flags & 0x10U) != 0,
        {data[2], (flags & 2U) != 0, (flags & 1U) != 0, (flags & 4U) != 0, {data + kHead, length}}};
}

void check(const Observer::Ended& ended) {
    const contract::TlsConnection& entry = ended.entry;
    NLB_CHECK(entry.tls_connection_creation_time_ms <= entry.time_ms);
    if (entry.tls_handshake_time_ms)
        NLB_CHECK(*entry.tls_handshake_time_ms <= entry.connection_time_ms);
    std::string line;
    accesslog::EntryWriter(accesslog::Form::Current).append(entry, line);
    line.pop_back(); // the newline
    accesslog::Entry read;
    NLB_CHECK(accesslog::split(line, read) == accesslog::Problem::None);
    NLB_CHECK(accesslog::check(read) == accesslog::Problem::None);
    NLB_CHECK(read.extra.empty());
}

} // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Observer observer({});
    Nanos now;
    while (size >= kHead) {
        now += Nanos::milliseconds(std::int64_t{data[1]} * 10);
        const std::size_t length = std::min<std::size_t>(data[3], size - kHead);
        observer.take(segment(data, length, now));
        data += kHead + length;
        size -= kHead + length;
    }
    for (const Observer::Ended& ended : observer.drain())
        check(ended);
    NLB_CHECK(observer.open() <= 4);
    return 0;
}
