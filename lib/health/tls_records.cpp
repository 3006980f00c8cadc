// SPDX-License-Identifier: Apache-2.0
#include "health/tls_records.hpp"

#include <algorithm>

namespace nlb::health {

std::string TlsRecords::feed(std::string_view bytes) {
    constexpr std::size_t kHeader = 5;
    constexpr std::size_t kAlert = 2;
    constexpr unsigned kChangeCipherSpec = 20;
    constexpr unsigned kAlertType = 21;
    constexpr unsigned kApplicationData = 23;
    while (!bytes.empty()) {
        const std::size_t skipped = std::min(skip_, bytes.size());
        bytes.remove_prefix(skipped);
        skip_ -= skipped;
        if (bytes.empty()) break;
        const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(header_[i]); };
        const bool is_alert = !header_.empty() && at(0) == kAlertType;
        const std::size_t wanted = is_alert ? kHeader + kAlert : kHeader;
        const std::size_t n = std::min(wanted - header_.size(), bytes.size());
        header_ += bytes.substr(0, n);
        bytes.remove_prefix(n);
        const unsigned type = at(0);
        if (type < kChangeCipherSpec || type > kApplicationData) return "no TLS record came";
        if (header_.size() < (type == kAlertType ? kHeader + kAlert : kHeader)) continue;
        const std::size_t length = std::size_t{at(3)} * 256 + at(4);
        has_application_data_ = has_application_data_ || type == kApplicationData;
        if (type == kChangeCipherSpec) encrypted_ = true;
        if (type == kAlertType && !encrypted_ && length == kAlert)
            return "TLS alert " + std::to_string(at(kHeader + 1));
        skip_ = length - std::min(length, header_.size() - kHeader);
        header_.clear();
    }
    return {};
}

} // namespace nlb::health
