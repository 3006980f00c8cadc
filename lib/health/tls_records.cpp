// SPDX-License-Identifier: Apache-2.0
#include "health/tls_records.hpp"

#include <algorithm>

namespace nlb::health {

namespace {

constexpr std::size_t kHeader = 5;
constexpr std::size_t kAlert = 2;
constexpr std::uint8_t kChangeCipherSpec = 20;
constexpr std::uint8_t kAlertType = 21;
constexpr std::uint8_t kApplicationData = 23;

} // namespace

std::string TlsRecords::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::size_t skipped = std::min(skip_, bytes.size());
        bytes.remove_prefix(skipped);
        skip_ -= skipped;
        if (bytes.empty()) break;
        const std::size_t n = std::min(wanted() - header_.size(), bytes.size());
        header_ += bytes.substr(0, n);
        bytes.remove_prefix(n);
        if (byte(0) < kChangeCipherSpec || byte(0) > kApplicationData) return "no TLS record came";
        if (header_.size() < wanted()) continue;
        std::string failure = end_of_header();
        if (!failure.empty()) return failure;
    }
    return {};
}

std::uint8_t TlsRecords::byte(std::size_t i) const {
    return static_cast<std::uint8_t>(header_[i]);
}

/// Of an alert its two bytes are kept as well.
std::size_t TlsRecords::wanted() const {
    return !header_.empty() && byte(0) == kAlertType ? kHeader + kAlert : kHeader;
}

/// The rest of the record is skipped.
std::string TlsRecords::end_of_header() {
    const std::uint8_t type = byte(0);
    const std::size_t length = std::size_t{byte(3)} * 256 + byte(4);
    std::string failure;
    has_application_data_ = has_application_data_ || type == kApplicationData;
    encrypted_ = encrypted_ || type == kChangeCipherSpec;
    if (type == kAlertType && !encrypted_ && length == kAlert)
        failure = "TLS alert " + std::to_string(byte(kHeader + 1));
    skip_ = length - std::min(length, header_.size() - kHeader);
    header_.clear();
    return failure;
}

} // namespace nlb::health
