// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol, version 2: the header that tells a target who its client is. One codec for
// health checks, for what forwards, and for what reads. [PROXY v2: haproxy proxy-protocol.txt,
// §2.2] Version 1, which is text, is not known here.
#pragma once

#include "base/ip.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::wire {

/// The header of a connection that the sender opened for itself, such as a health check: signature,
/// version 2 and command LOCAL, family and protocol unspecified, no addresses. [PROXY v2 2.2; the
/// guide, p.46: checks carry the header without client information]
constexpr std::string_view kProxyV2Local{"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00", 16};

constexpr std::size_t kProxyV2Fixed = 16; ///< bytes before the addresses
/// The longest header: the length of what follows the fixed part has 16 bits.
constexpr std::size_t kMostProxyV2Bytes = kProxyV2Fixed + 0xffff;

/// The protocol of the connection that the header is about; the values of the wire.
enum class ProxyTransport : std::uint8_t { Unspecified, Stream, Datagram };

/// Where its ends are; the values of the wire.
enum class ProxyFamily : std::uint8_t { Unspecified, Inet, Inet6, Unix };

struct ProxyTlv {
    // The types that are built or understood here. [PROXY v2 §2.2.1-2.2.7; the guide, p.47]
    static constexpr std::uint8_t kAlpn = 0x01;
    static constexpr std::uint8_t kAuthority = 0x02;
    static constexpr std::uint8_t kCrc32c = 0x03;
    static constexpr std::uint8_t kNoop = 0x04;
    static constexpr std::uint8_t kUniqueId = 0x05;
    static constexpr std::uint8_t kSsl = 0x20;
    static constexpr std::uint8_t kNetns = 0x30;
    static constexpr std::uint8_t kAws = 0xea;
    /// First byte of the value of kAws: the rest is the id of a VPC endpoint, in ASCII. [p.47]
    static constexpr char kAwsVpcEndpointId = 0x01;

    std::uint8_t type = 0;
    std::string value;

    static ProxyTlv aws_endpoint(std::string_view vpc_endpoint_id);

    bool operator==(const ProxyTlv&) const = default;
};

/// Writes headers that differ in their addresses only.
class ProxyEncoder {
  public:
    struct Shape {
        bool checksum = false;      ///< a CRC32C TLV, before the others
        std::vector<ProxyTlv> tlvs; ///< in this order; none is kCrc32c
        /// TLVs shorter than this together are filled up with a NOOP of zeros; a gap of one or two
        /// bytes, which no TLV fits, is left.
        std::size_t padded_to = 0;
    };

    /// Errors: Usage when the header would be longer than its length can say.
    static Result<ProxyEncoder> make(const Shape& shape);

    /// What the service itself sends: CRC32C, the endpoint's id when there is one, and a NOOP up to
    /// 72 bytes of TLVs, which makes 100 bytes in all for IPv4. Errors: Usage, an id beyond 255
    /// bytes.
    static Result<ProxyEncoder> aws(std::string_view vpc_endpoint_id);

    /// Appends the header of a connection from `source` to `destination`. Where one of them is IPv4
    /// and the other is not, both are written as IPv6 (IPv4-mapped, RFC 4291 §2.5.5.2).
    void append(ProxyTransport transport, const Endpoint& source, const Endpoint& destination,
                std::string& out) const;

    bool operator==(const ProxyEncoder&) const = default;

  private:
    ProxyEncoder(std::string tlvs, bool checksum) : tlvs_(std::move(tlvs)), checksum_(checksum) {}

    std::string tlvs_; // as on the wire; with a checksum its value is zero and comes first
    bool checksum_ = false;
};

struct ProxyHeader {
    bool is_local = false; ///< command LOCAL: the sender's own connection; nothing below is set
    ProxyFamily family = ProxyFamily::Unspecified;
    ProxyTransport transport = ProxyTransport::Unspecified;
    Endpoint source; ///< Inet and Inet6
    Endpoint destination;
    std::string source_path; ///< Unix, up to the first zero byte
    std::string destination_path;
    std::vector<ProxyTlv> tlvs;      ///< all of them, in order
    bool has_right_checksum = false; ///< a CRC32C TLV is there, and right

    /// The first TLV of the type; null: none.
    [[nodiscard]] const ProxyTlv* find(std::uint8_t type) const;

    /// Of the AWS TLV. [p.47]
    [[nodiscard]] std::optional<std::string_view> vpc_endpoint_id() const;
};

struct ProxyDecoded {
    enum class Progress : std::uint8_t {
        Short,     ///< so far a prefix of a header: more bytes are needed
        Complete,  ///< `header`, whose bytes are the first `size`
        Malformed, ///< no header of version 2; `why` says where and which rule
    };

    Progress progress = Progress::Short;
    std::size_t size = 0;
    ProxyHeader header;
    std::string why; ///< "byte 12: version 1, not 2"
};

/// The whole length of the header that `bytes`, at least kProxyV2Fixed of them, begin with.
std::size_t proxy_header_bytes(std::string_view bytes);

/// Reads the header that `bytes` begin with; what follows it is not looked at. A wrong checksum is
/// malformed, as are unknown commands, families and protocols, and TLVs that do not fill the
/// length. Of a LOCAL or unspecified one only the length counts. [PROXY v2 §2.2, §2.2.3]
ProxyDecoded decode_proxy_header(std::string_view bytes);

} // namespace nlb::wire
