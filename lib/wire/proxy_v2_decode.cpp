// SPDX-License-Identifier: Apache-2.0
#include "wire/crc32c.hpp"
#include "wire/proxy_v2.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace nlb::wire {

namespace {

using Progress = ProxyDecoded::Progress;

constexpr std::size_t kSignature = 12;
constexpr std::size_t kPath = 108; // bytes of each name of the family UNIX

unsigned byte(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t be16(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>(byte(bytes, at) << 8U | byte(bytes, at + 1));
}

IpAddress address(std::string_view bytes) {
    std::array<std::uint8_t, 16> raw{};
    std::transform(bytes.begin(), bytes.end(), raw.begin(),
                   [](char c) { return static_cast<std::uint8_t>(c); });
    return IpAddress::from_bytes(std::span(raw).first(bytes.size()));
}

std::size_t address_bytes(ProxyFamily family) {
    switch (family) {
    case ProxyFamily::Unspecified: return 0;
    case ProxyFamily::Inet: return 4;
    case ProxyFamily::Inet6: return 16;
    case ProxyFamily::Unix: break;
    }
    return kPath;
}

/// One pass over the bytes of a header that are all there.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    ProxyDecoded read() {
        if (!fixed_part()) return std::move(out_);
        const std::size_t size = proxy_header_bytes(bytes_);
        if (bytes_.size() < size) return {};
        bytes_ = bytes_.substr(0, size);
        const bool has_block =
            !out_.header.is_local && out_.header.family != ProxyFamily::Unspecified;
        if (has_block && !(addresses() && tlvs() && checksum())) return std::move(out_);
        if (!has_block) out_.header.family = ProxyFamily::Unspecified;
        out_.progress = Progress::Complete;
        out_.size = size;
        return std::move(out_);
    }

  private:
    bool malformed(std::size_t at, const std::string& rule) {
        out_ = {Progress::Malformed, 0, {}, "byte " + std::to_string(at) + ": " + rule};
        return false;
    }

    bool fixed_part() {
        const std::size_t known = std::min(bytes_.size(), kSignature);
        for (std::size_t i = 0; i < known; ++i) {
            if (bytes_[i] != kProxyV2Local[i]) return malformed(i, "not the signature");
        }
        if (bytes_.size() > 12 && !command(byte(bytes_, 12))) return false;
        if (bytes_.size() > 13 && !family(byte(bytes_, 13))) return false;
        return bytes_.size() >= kProxyV2Fixed;
    }

    bool command(unsigned value) {
        if (value >> 4U != 2)
            return malformed(12, "version " + std::to_string(value >> 4U) + ", not 2");
        if ((value & 0xfU) > 1)
            return malformed(12, "unknown command " + std::to_string(value & 0xfU));
        out_.header.is_local = (value & 0xfU) == 0;
        return true;
    }

    bool family(unsigned value) {
        // A receiver of LOCAL ignores the family [PROXY v2 §2.2].
        if (out_.header.is_local) return true;
        if (value >> 4U > 3) return malformed(13, "unknown family " + std::to_string(value >> 4U));
        const unsigned transport = value & 0xfU;
        if (transport > 2) return malformed(13, "unknown protocol " + std::to_string(transport));
        if ((value >> 4U == 0) != (transport == 0))
            return malformed(13, "family and protocol are not both specified");
        out_.header.family = static_cast<ProxyFamily>(value >> 4U);
        out_.header.transport = static_cast<ProxyTransport>(transport);
        return true;
    }

    bool addresses() {
        ProxyHeader& header = out_.header;
        const std::size_t each = address_bytes(header.family);
        const bool is_unix = header.family == ProxyFamily::Unix;
        const std::size_t ports = kProxyV2Fixed + 2 * each;
        at_ = ports + (is_unix ? 0 : 4);
        if (bytes_.size() < at_)
            return malformed(14, "length " + std::to_string(bytes_.size() - kProxyV2Fixed) +
                                     " is less than the addresses of the family");
        const std::string_view source = bytes_.substr(kProxyV2Fixed, each);
        const std::string_view destination = bytes_.substr(kProxyV2Fixed + each, each);
        if (is_unix) {
            header.source_path = source.substr(0, source.find('\0'));
            header.destination_path = destination.substr(0, destination.find('\0'));
            return true;
        }
        header.source = {address(source), be16(bytes_, ports)};
        header.destination = {address(destination), be16(bytes_, ports + 2)};
        return true;
    }

    bool tlvs() {
        while (at_ < bytes_.size()) {
            if (bytes_.size() - at_ < 3) return malformed(at_, "a type-length-value is cut short");
            const std::size_t length = be16(bytes_, at_ + 1);
            if (bytes_.size() - at_ - 3 < length)
                return malformed(at_, "a type-length-value goes beyond the header");
            const auto type = static_cast<std::uint8_t>(byte(bytes_, at_));
            if (type == ProxyTlv::kCrc32c) {
                if (length != 4) return malformed(at_, "a checksum has 4 bytes");
                if (checksum_at_ != 0) return malformed(at_, "a second checksum");
                checksum_at_ = at_ + 3;
            }
            out_.header.tlvs.push_back({type, std::string(bytes_.substr(at_ + 3, length))});
            at_ += 3 + length;
        }
        return true;
    }

    bool checksum() {
        if (checksum_at_ == 0) return true;
        std::string zeroed(bytes_);
        zeroed.replace(checksum_at_, 4, 4, '\0');
        const std::uint32_t carried =
            std::uint32_t{be16(bytes_, checksum_at_)} << 16U | be16(bytes_, checksum_at_ + 2);
        if (crc32c(zeroed) != carried) return malformed(checksum_at_, "the checksum is wrong");
        out_.header.has_right_checksum = true;
        return true;
    }

    std::string_view bytes_;
    ProxyDecoded out_;
    std::size_t at_ = 0;
    std::size_t checksum_at_ = 0; // 0: none seen
};

} // namespace

const ProxyTlv* ProxyHeader::find(std::uint8_t type) const {
    const auto it = std::find_if(tlvs.begin(), tlvs.end(),
                                 [&](const ProxyTlv& tlv) { return tlv.type == type; });
    return it == tlvs.end() ? nullptr : &*it;
}

std::optional<std::string_view> ProxyHeader::vpc_endpoint_id() const {
    const ProxyTlv* tlv = find(ProxyTlv::kAws);
    if (tlv == nullptr || tlv->value.empty() || tlv->value[0] != ProxyTlv::kAwsVpcEndpointId)
        return std::nullopt;
    return std::string_view(tlv->value).substr(1);
}

std::size_t proxy_header_bytes(std::string_view bytes) {
    return kProxyV2Fixed + be16(bytes, 14);
}

ProxyDecoded decode_proxy_header(std::string_view bytes) {
    return Reader(bytes).read();
}

} // namespace nlb::wire
