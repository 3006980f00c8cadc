// SPDX-License-Identifier: Apache-2.0
#include "wire/tls_records.hpp"

#include <algorithm>
#include <utility>

namespace nlb::wire {

namespace {

constexpr std::size_t kHeader = 5;
constexpr std::uint8_t kMajorVersion = 3;       // of SSL 3.0 and every TLS
constexpr std::size_t kLongest = 16'384 + 2048; // of a protected record [RFC 5246 6.2.3]

bool is_type(std::uint8_t type) {
    return type >= static_cast<std::uint8_t>(TlsRecordType::ChangeCipherSpec) &&
           type <= static_cast<std::uint8_t>(TlsRecordType::ApplicationData);
}

bool is_kept(TlsRecordType type) {
    return type == TlsRecordType::Alert || type == TlsRecordType::Handshake;
}

} // namespace

void TlsRecords::feed(std::string_view bytes) {
    bytes_.erase(0, at_);
    at_ = 0;
    if (!broken_) bytes_ += bytes;
}

std::optional<TlsRecord> TlsRecords::next() {
    if (skipped_) {
        const std::size_t now = std::min(skip_, bytes_.size() - at_);
        at_ += now;
        skip_ -= now;
        if (skip_ != 0) return std::nullopt;
        return std::exchange(skipped_, std::nullopt);
    }
    const std::string_view unread = std::string_view(bytes_).substr(at_);
    const auto byte = [unread](std::size_t i) { return static_cast<std::uint8_t>(unread[i]); };
    if (!unread.empty() && !is_type(byte(0))) broken_ = true;
    if (unread.size() > 1 && byte(1) != kMajorVersion) broken_ = true;
    if (broken_ || unread.size() < kHeader) return std::nullopt;
    TlsRecord record{static_cast<TlsRecordType>(byte(0)), std::size_t{byte(3)} << 8U | byte(4), {}};
    broken_ = record.length > kLongest;
    if (broken_) return std::nullopt;
    if (!is_kept(record.type)) {
        at_ += kHeader;
        skip_ = record.length;
        skipped_ = std::move(record);
        return next();
    }
    if (unread.size() < kHeader + record.length) return std::nullopt;
    record.content = unread.substr(kHeader, record.length);
    at_ += kHeader + record.length;
    return record;
}

} // namespace nlb::wire
