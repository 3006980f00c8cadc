// SPDX-License-Identifier: Apache-2.0
#include "wire/tls_hello.hpp"

#include <array>

namespace nlb::wire {

namespace {

/// Takes numbers and vectors from the front; after a failure everything is empty.
class Bytes {
  public:
    explicit Bytes(std::string_view text) : rest_(text) {}

    std::uint32_t number(std::size_t bytes) {
        std::uint32_t value = 0;
        for (const char byte : take(bytes))
            value = value << 8U | static_cast<std::uint8_t>(byte);
        return value;
    }

    /// A vector whose length comes first, in so many bytes.
    Bytes vector(std::size_t length_bytes) { return Bytes(take(number(length_bytes))); }

    std::string_view take(std::size_t bytes) {
        failed_ = failed_ || bytes > rest_.size();
        if (failed_) return {};
        const std::string_view taken = rest_.substr(0, bytes);
        rest_.remove_prefix(bytes);
        return taken;
    }

    [[nodiscard]] std::string_view rest() const { return rest_; }

    [[nodiscard]] bool has_more() const { return !failed_ && !rest_.empty(); }

    [[nodiscard]] bool has_failed() const { return failed_; }

  private:
    std::string_view rest_;
    bool failed_ = false;
};

// Extensions, as IANA numbers them.
constexpr std::uint32_t kServerName = 0;
constexpr std::uint32_t kAlpn = 16;
constexpr std::uint32_t kEarlyData = 42;
constexpr std::uint32_t kSupportedVersions = 43;
constexpr std::uint32_t kKeyShare = 51;

constexpr std::uint32_t kHostName = 0;   // the only name type [RFC 6066 3]
constexpr std::uint32_t kNamedCurve = 3; // ECCurveType [RFC 8422 5.4]
constexpr std::size_t kRandom = 32;

/// The random value that makes a ServerHello a HelloRetryRequest [RFC 8446 4.1.3]: SHA-256 of
/// "HelloRetryRequest".
constexpr auto kRetryRandom =
    std::to_array<unsigned char>({0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                  0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                  0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c});

bool is_retry_random(std::string_view random) {
    return random == std::string_view(reinterpret_cast<const char*>(kRetryRandom.data()),
                                      kRetryRandom.size());
}

std::vector<std::string> names_of(Bytes list) {
    std::vector<std::string> names;
    while (list.has_more())
        names.emplace_back(list.vector(1).rest());
    return list.has_failed() ? std::vector<std::string>() : names;
}

std::string host_of(Bytes list) {
    while (list.has_more()) {
        const std::uint32_t type = list.number(1);
        const Bytes name = list.vector(2);
        if (type == kHostName && !list.has_failed()) return std::string(name.rest());
    }
    return {};
}

/// Calls `take(type, content)` for each; false when the lengths do not fit.
template <class Take>
bool each_extension(Bytes& message, const Take& take) {
    if (!message.has_more()) return !message.has_failed(); // none at all, as before TLS 1.2
    Bytes list = message.vector(2);
    if (message.has_failed()) return false;
    while (list.has_more()) {
        const std::uint32_t type = list.number(2);
        const Bytes content = list.vector(2);
        if (!list.has_failed()) take(type, content);
    }
    return !list.has_failed();
}

} // namespace

void TlsMessages::feed(std::string_view content) {
    bytes_.erase(0, at_);
    at_ = 0;
    if (!broken_) bytes_ += content;
}

std::optional<TlsMessage> TlsMessages::next() {
    constexpr std::size_t kHeader = 4;
    if (broken_) return std::nullopt;
    Bytes bytes(std::string_view(bytes_).substr(at_));
    TlsMessage message{static_cast<std::uint8_t>(bytes.number(1)), {}};
    const std::size_t length = bytes.number(3);
    broken_ = length > kLongest;
    if (broken_ || bytes.has_failed() || bytes.rest().size() < length) return std::nullopt;
    message.body = bytes.take(length);
    at_ += kHeader + length;
    return message;
}

std::optional<ClientHello> read_client_hello(std::string_view body) {
    Bytes message(body);
    message.take(2 + kRandom); // legacy_version, random
    message.vector(1);         // session id
    message.vector(2);         // cipher suites
    message.vector(1);         // compression methods
    ClientHello hello;
    const bool is_whole = each_extension(message, [&hello](std::uint32_t type, Bytes content) {
        if (type == kServerName) hello.server_name = host_of(content.vector(2));
        if (type == kAlpn) hello.alpn = names_of(content.vector(2));
        if (type == kEarlyData) hello.offers_early_data = true;
    });
    if (!is_whole) return std::nullopt;
    return hello;
}

std::optional<ServerHello> read_server_hello(std::string_view body) {
    Bytes message(body);
    ServerHello hello;
    hello.version = static_cast<std::uint16_t>(message.number(2));
    hello.is_retry = is_retry_random(message.take(kRandom));
    message.vector(1); // session id
    hello.cipher = static_cast<std::uint16_t>(message.number(2));
    message.take(1); // compression method
    const bool is_whole = each_extension(message, [&hello](std::uint32_t type, Bytes content) {
        const auto number = [&content] { return static_cast<std::uint16_t>(content.number(2)); };
        if (type == kSupportedVersions) hello.version = number();
        if (type == kKeyShare) hello.group = number();
        if (type == kAlpn) hello.alpn = content.vector(2).vector(1).rest();
    });
    if (!is_whole) return std::nullopt;
    return hello;
}

std::optional<std::uint16_t> read_key_exchange_group(std::string_view body) {
    Bytes message(body);
    if (message.number(1) != kNamedCurve) return std::nullopt;
    const std::uint32_t group = message.number(2);
    if (message.has_failed()) return std::nullopt;
    return static_cast<std::uint16_t>(group);
}

} // namespace nlb::wire
