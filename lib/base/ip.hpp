// SPDX-License-Identifier: Apache-2.0
// IP addresses, prefixes and endpoints as values. Text forms follow RFC 4291 §2.2 and RFC 5952
// (the canonical IPv6 text); parsing is strict: no octal, no short IPv4, no zone ids.
#pragma once

#include "base/result.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace nlb {

enum class IpFamily : std::uint8_t { V4 = 4, V6 = 6 };

class IpAddress {
  public:
    /// 0.0.0.0
    IpAddress() = default;

    /// Errors: Usage, "address 'x': ..." when the text is neither IPv4 nor IPv6.
    static Result<IpAddress> parse(std::string_view text);

    /// `bytes` in network order: 4 of them make IPv4, 16 IPv6; anything else is a programming
    /// error.
    static IpAddress from_bytes(std::span<const std::uint8_t> bytes);

    [[nodiscard]] IpFamily family() const { return family_; }

    [[nodiscard]] bool is_v4() const { return family_ == IpFamily::V4; }

    [[nodiscard]] bool is_unspecified() const;

    /// 4 or 16 bytes in network order.
    [[nodiscard]] std::span<const std::uint8_t> bytes() const {
        return std::span<const std::uint8_t>(bytes_).first(is_v4() ? 4U : 16U);
    }

    [[nodiscard]] std::string text() const;
    void append_text(std::string& out) const;

    auto operator<=>(const IpAddress&) const = default;

  private:
    IpFamily family_ = IpFamily::V4;
    std::array<std::uint8_t, 16> bytes_{};
};

/// An address block in CIDR notation (RFC 4632); host bits are zero.
class Cidr {
  public:
    Cidr() = default;

    /// Errors: Usage when the address, the length or a host bit that is set makes it no block.
    static Result<Cidr> parse(std::string_view text);

    [[nodiscard]] bool contains(const IpAddress& address) const;
    [[nodiscard]] bool contains(const Cidr& other) const;

    [[nodiscard]] const IpAddress& network() const { return network_; }

    [[nodiscard]] unsigned length() const { return length_; }

    [[nodiscard]] std::string text() const;

    auto operator<=>(const Cidr&) const = default;

  private:
    IpAddress network_;
    unsigned length_ = 0;
};

struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0; ///< host order

    /// "192.0.2.1:80" or "[2001:db8::1]:80". Errors: Usage, with that form.
    static Result<Endpoint> parse(std::string_view text);

    /// The same.
    [[nodiscard]] std::string text() const;
    auto operator<=>(const Endpoint&) const = default;
};

} // namespace nlb
