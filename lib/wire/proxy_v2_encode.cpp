// SPDX-License-Identifier: Apache-2.0
#include "wire/crc32c.hpp"
#include "wire/proxy_v2.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace nlb::wire {

namespace {

constexpr std::size_t kTlvHead = 3; // type and length
constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kAwsTlvBytes = 72;  // what the service fills up to
constexpr std::size_t kMostIdBytes = 255; // far beyond "vpce-" and 17 hexadecimal digits
constexpr std::size_t kMostAddresses = 36;

void append_be16(std::size_t value, std::string& out) {
    out += static_cast<char>(value >> 8U & 0xffU);
    out += static_cast<char>(value & 0xffU);
}

void append_tlv(std::uint8_t type, std::string_view value, std::string& out) {
    out += static_cast<char>(type);
    append_be16(value.size(), out);
    out += value;
}

void append_address(const IpAddress& address, bool as_v6, std::string& out) {
    constexpr std::string_view kMapped{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};
    if (as_v6 && address.is_v4()) out += kMapped;
    for (const std::uint8_t byte : address.bytes())
        out += static_cast<char>(byte);
}

} // namespace

ProxyTlv ProxyTlv::aws_endpoint(std::string_view vpc_endpoint_id) {
    return {kAws, std::string(1, kAwsVpcEndpointId) + std::string(vpc_endpoint_id)};
}

Result<ProxyEncoder> ProxyEncoder::make(const Shape& shape) {
    std::string tlvs;
    if (shape.checksum) append_tlv(ProxyTlv::kCrc32c, std::string(kChecksumBytes, '\0'), tlvs);
    constexpr std::size_t kMost = 0xffff - kMostAddresses;
    const auto too_long = [] {
        return fail(Errc::Usage, "a PROXY protocol header has room for " + std::to_string(kMost) +
                                     " bytes of type-length-values");
    };
    for (const ProxyTlv& tlv : shape.tlvs) {
        if (tlv.value.size() > kMost) return too_long();
        append_tlv(tlv.type, tlv.value, tlvs);
    }
    if (tlvs.size() + kTlvHead <= shape.padded_to) {
        if (shape.padded_to > kMost) return too_long();
        const std::size_t zeros = shape.padded_to - tlvs.size() - kTlvHead;
        append_tlv(ProxyTlv::kNoop, std::string(zeros, '\0'), tlvs);
    }
    if (tlvs.size() > kMost) return too_long();
    return ProxyEncoder(std::move(tlvs), shape.checksum);
}

Result<ProxyEncoder> ProxyEncoder::aws(std::string_view vpc_endpoint_id) {
    Shape shape{true, {}, kAwsTlvBytes};
    if (vpc_endpoint_id.size() > kMostIdBytes)
        return fail(Errc::Usage, "the id of a VPC endpoint has at most " +
                                     std::to_string(kMostIdBytes) + " bytes");
    if (!vpc_endpoint_id.empty()) shape.tlvs.push_back(ProxyTlv::aws_endpoint(vpc_endpoint_id));
    return make(shape);
}

void ProxyEncoder::append(ProxyTransport transport, const Endpoint& source,
                          const Endpoint& destination, std::string& out) const {
    const bool v6 = !source.address.is_v4() || !destination.address.is_v4();
    const std::size_t start = out.size();
    out += kProxyV2Local.substr(0, 12);
    out += '\x21'; // version 2, command PROXY
    out += static_cast<char>((v6 ? 0x20U : 0x10U) | static_cast<unsigned>(transport));
    append_be16((v6 ? kMostAddresses : 12U) + tlvs_.size(), out);
    append_address(source.address, v6, out);
    append_address(destination.address, v6, out);
    append_be16(source.port, out);
    append_be16(destination.port, out);
    const std::size_t value = out.size() + kTlvHead;
    out += tlvs_;
    if (!checksum_) return;
    const std::uint32_t sum = crc32c(std::string_view(out).substr(start));
    for (unsigned i = 0; i < kChecksumBytes; ++i)
        out[value + i] = static_cast<char>(sum >> (24U - 8U * i) & 0xffU);
}

} // namespace nlb::wire
