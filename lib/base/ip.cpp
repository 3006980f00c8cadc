// SPDX-License-Identifier: Apache-2.0
#include "base/ip.hpp"

#include "base/check.hpp"
#include "base/text.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace nlb {

Result<IpAddress> IpAddress::parse(std::string_view text) {
    std::array<std::uint8_t, 16> raw{};
    const std::string copy(text); // inet_pton wants a terminator
    if (copy.find('\0') == std::string::npos) {
        if (::inet_pton(AF_INET, copy.c_str(), raw.data()) == 1) {
            return from_bytes(std::span<const std::uint8_t>(raw).first(4));
        }
        if (::inet_pton(AF_INET6, copy.c_str(), raw.data()) == 1) return from_bytes(raw);
    }
    return fail(Errc::Usage, in_quotes(text) + " is not an IPv4 or IPv6 address");
}

IpAddress IpAddress::from_bytes(std::span<const std::uint8_t> bytes) {
    NLB_CHECK(bytes.size() == 4 || bytes.size() == 16);
    IpAddress address;
    address.family_ = bytes.size() == 4 ? IpFamily::V4 : IpFamily::V6;
    std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
    return address;
}

bool IpAddress::is_unspecified() const {
    return std::all_of(bytes_.begin(), bytes_.end(), [](std::uint8_t b) { return b == 0; });
}

namespace {

/// Writes 1 to 3 digits; returns what comes after them.
char* write_octet(std::uint8_t octet, char* at) {
    const auto digit = [&](unsigned value) { *at++ = static_cast<char>('0' + value % 10); };
    if (octet >= 100) digit(octet / 100U);
    if (octet >= 10) digit(octet / 10U);
    digit(octet);
    return at;
}

} // namespace

std::string IpAddress::text() const {
    std::string out;
    append_text(out);
    return out;
}

void IpAddress::append_text(std::string& out) const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (!is_v4()) {
        ::inet_ntop(AF_INET6, bytes_.data(), text.data(), text.size());
        out += text.data();
        return;
    }
    char* at = text.data();
    for (std::size_t i = 0; i < 4; ++i) {
        if (i > 0) *at++ = '.';
        at = write_octet(bytes_[i], at);
    }
    out.append(text.data(), static_cast<std::size_t>(at - text.data()));
}

namespace {

bool prefix_equal(const IpAddress& a, const IpAddress& b, unsigned bits) {
    const auto x = a.bytes();
    const auto y = b.bytes();
    const std::size_t whole = bits / 8;
    if (!std::equal(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(whole), y.begin())) {
        return false;
    }
    if (bits % 8 == 0) return true;
    const unsigned mask = (0xFFU << (8U - bits % 8U)) & 0xFFU;
    return ((unsigned{x[whole]} ^ unsigned{y[whole]}) & mask) == 0;
}

bool host_bits_are_zero(const IpAddress& address, unsigned length) {
    const auto bytes = address.bytes();
    for (unsigned bit = length; bit < bytes.size() * 8; ++bit) {
        if (((unsigned{bytes[bit / 8]} >> (7U - bit % 8U)) & 1U) != 0) return false;
    }
    return true;
}

} // namespace

Result<Cidr> Cidr::parse(std::string_view text) {
    const auto bad = [&](std::string_view why) {
        return fail(Errc::Usage, in_quotes(text) + " is not an address block: " + std::string(why));
    };
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return bad("no /LENGTH");
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) return bad(address.error().attempt);
    const std::string_view digits = text.substr(slash + 1);
    unsigned length = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    const unsigned most = address->is_v4() ? 32 : 128;
    if (ec != std::errc{} || end != digits.data() + digits.size() || length > most) {
        return bad("the length must be 0 to " + std::to_string(most));
    }
    if (!host_bits_are_zero(*address, length)) return bad("bits are set behind the prefix");
    Cidr block;
    block.network_ = *address;
    block.length_ = length;
    return block;
}

bool Cidr::contains(const IpAddress& address) const {
    return address.family() == network_.family() && prefix_equal(network_, address, length_);
}

bool Cidr::contains(const Cidr& other) const {
    return other.length_ >= length_ && contains(other.network_);
}

std::string Cidr::text() const {
    return network_.text() + "/" + std::to_string(length_);
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
    const auto wrong = [&] {
        return fail(Errc::Usage, in_quotes(text) + " must be ADDRESS:PORT, as in 192.0.2.1:80 or "
                                                   "[2001:db8::1]:80");
    };
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return wrong();
    std::string_view host = text.substr(0, colon);
    const bool in_brackets = host.starts_with('[') && host.ends_with(']');
    if (in_brackets) host = host.substr(1, host.size() - 2);
    const auto address = IpAddress::parse(host);
    if (!address || address->is_v4() == in_brackets) return wrong();
    std::uint16_t port = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + colon + 1, end, port);
    if (read.ec != std::errc{} || read.ptr != end) return wrong();
    return Endpoint{*address, port};
}

std::string Endpoint::text() const {
    const std::string host = address.is_v4() ? address.text() : "[" + address.text() + "]";
    return host + ":" + std::to_string(port);
}

} // namespace nlb
