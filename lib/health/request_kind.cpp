// SPDX-License-Identifier: Apache-2.0
#include "health/request_kind.hpp"

#include "wire/http_check.hpp"
#include "wire/proxy_v2.hpp"

#include <algorithm>

namespace nlb::health {

using model::HealthCheckProtocol;

namespace {

/// Do both begin alike, as far as the shorter one goes?
bool is_prefix(std::string_view a, std::string_view b) {
    const std::size_t n = std::min(a.size(), b.size());
    return a.substr(0, n) == b.substr(0, n);
}

RequestKind kind_of_http(const CheckSettings& settings, std::string_view bytes) {
    const std::string start = "GET " + settings.path + " HTTP/1.1\r\n";
    if (!is_prefix(bytes, start)) return RequestKind::Client;
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        return bytes.size() < wire::kMostHeaderBytes ? RequestKind::Undecided : RequestKind::Client;
    }
    const bool ours =
        bytes.substr(0, end).find("\r\nUser-Agent: ELB-HealthChecker/") != std::string_view::npos;
    return ours ? RequestKind::Check : RequestKind::Client;
}

} // namespace

RequestKind kind_by_ends(const CheckSettings& settings, bool to_check, bool to_traffic,
                         const IpAddress& client) {
    if (!settings.script.empty()) return RequestKind::Client;
    if (settings.source) {
        const bool from_node = to_check && client == *settings.source;
        return from_node ? RequestKind::Check : RequestKind::Client;
    }
    if (!to_traffic) return RequestKind::Check;
    return to_check ? RequestKind::Undecided : RequestKind::Client;
}

RequestKind kind_by_request(const CheckSettings& settings, std::string_view bytes, bool ended) {
    if (settings.proxy_v2) {
        if (!is_prefix(bytes, wire::kProxyV2Local)) return RequestKind::Client;
        if (bytes.size() < wire::kProxyV2Local.size())
            return ended ? RequestKind::Client : RequestKind::Undecided;
        bytes.remove_prefix(wire::kProxyV2Local.size());
    }
    if (settings.protocol == HealthCheckProtocol::Tcp) {
        if (!bytes.empty()) return RequestKind::Client;
        return ended ? RequestKind::Check : RequestKind::Undecided;
    }
    if (bytes.empty()) return RequestKind::Undecided;
    // Who opens a TLS session cannot be told from its first bytes.
    if (settings.is_https()) return RequestKind::Client;
    return kind_of_http(settings, bytes);
}

} // namespace nlb::health
