// SPDX-License-Identifier: Apache-2.0
#include "proxy_header_lines.hpp"

#include "base/text.hpp"
#include "contract/json.hpp"

#include <array>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

using wire::ProxyTlv;

constexpr std::array<std::string_view, 4> kFamilies{"unspecified", "ipv4", "ipv6", "unix"};
constexpr std::array<std::string_view, 3> kStreamOrDatagram{"unspecified", "stream", "datagram"};
constexpr std::array<std::string_view, 3> kIpProtocols{"unspecified", "tcp", "udp"};

bool is_ip(const wire::ProxyHeader& header) {
    return header.family == wire::ProxyFamily::Inet || header.family == wire::ProxyFamily::Inet6;
}

std::string_view protocol_of(const wire::ProxyHeader& header) {
    const auto at = static_cast<std::size_t>(header.transport);
    return is_ip(header) ? kIpProtocols[at] : kStreamOrDatagram[at];
}

std::string_view family_of(const wire::ProxyHeader& header) {
    return kFamilies[static_cast<std::size_t>(header.family)];
}

/// [PROXY v2 §2.2]
std::string_view name_of(std::uint8_t type) {
    switch (type) {
    case ProxyTlv::kAlpn: return "ALPN";
    case ProxyTlv::kAuthority: return "AUTHORITY";
    case ProxyTlv::kCrc32c: return "CRC32C";
    case ProxyTlv::kNoop: return "NOOP";
    case ProxyTlv::kUniqueId: return "UNIQUE_ID";
    case ProxyTlv::kSsl: return "SSL";
    case ProxyTlv::kNetns: return "NETNS";
    case ProxyTlv::kAws: return "AWS";
    default: return "";
    }
}

std::string hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<std::uint8_t>(c);
        out += {kDigits[byte >> 4U], kDigits[byte & 0xfU]};
    }
    return out;
}

/// Those whose value is text that a person can read.
bool is_text(std::uint8_t type) {
    return type == ProxyTlv::kAlpn || type == ProxyTlv::kAuthority || type == ProxyTlv::kNetns;
}

std::string line_of(const ProxyTlv& tlv) {
    std::string value = is_text(tlv.type) ? in_quotes(tlv.value) : hex(tlv.value);
    if (tlv.type == ProxyTlv::kNoop) value = std::to_string(tlv.value.size()) + " bytes";
    if (tlv.type == ProxyTlv::kCrc32c) value += " (right)";
    const std::string type{static_cast<char>(tlv.type)};
    return "tlv 0x" + hex(type) + " " + std::string(name_of(tlv.type)) +
           (name_of(tlv.type).empty() ? "" : " ") + value + "\n";
}

/// Members of one object, in order.
class Object {
  public:
    explicit Object(std::string& out) : out_(out) { out_ += '{'; }

    void text(std::string_view name, std::string_view value) {
        member(name);
        contract::append_json_string(value, out_);
    }

    void number(std::string_view name, std::uint64_t value) {
        member(name);
        contract::append_json_number(value, out_);
    }

    void member(std::string_view name) {
        if (out_.back() != '{') out_ += ',';
        contract::append_json_string(name, out_);
        out_ += ':';
    }

  private:
    std::string& out_;
};

void put_ends(const wire::ProxyHeader& header, Object& object) {
    if (header.family == wire::ProxyFamily::Unix) {
        object.text("source_path", header.source_path);
        object.text("destination_path", header.destination_path);
    }
    if (!is_ip(header)) return;
    object.text("source_address", header.source.address.text());
    object.number("source_port", header.source.port);
    object.text("destination_address", header.destination.address.text());
    object.number("destination_port", header.destination.port);
}

void put_tlvs(const std::vector<ProxyTlv>& tlvs, std::string& out) {
    out += '[';
    for (const ProxyTlv& tlv : tlvs) {
        if (out.back() != '[') out += ',';
        Object object(out);
        object.number("type", tlv.type);
        if (!name_of(tlv.type).empty()) object.text("name", name_of(tlv.type));
        object.text("hex", hex(tlv.value));
        out += '}';
    }
    out += ']';
}

} // namespace

std::string text_of(const wire::ProxyDecoded& decoded) {
    const wire::ProxyHeader& header = decoded.header;
    std::string out = header.is_local ? "command local\n" : "command proxy\n";
    out += "bytes " + std::to_string(decoded.size) + "\n";
    if (header.is_local) return out;
    out += "family " + std::string(family_of(header)) + "\n";
    out += "protocol " + std::string(protocol_of(header)) + "\n";
    if (is_ip(header)) {
        out += "source " + header.source.text() + "\n";
        out += "destination " + header.destination.text() + "\n";
    }
    if (header.family == wire::ProxyFamily::Unix) {
        out += "source " + in_quotes(header.source_path) + "\n";
        out += "destination " + in_quotes(header.destination_path) + "\n";
    }
    if (const auto id = header.vpc_endpoint_id()) out += "endpoint " + in_quotes(*id) + "\n";
    for (const ProxyTlv& tlv : header.tlvs)
        out += line_of(tlv);
    return out;
}

std::string json_of(const wire::ProxyDecoded& decoded) {
    const wire::ProxyHeader& header = decoded.header;
    std::string out;
    Object object(out);
    object.text("command", header.is_local ? "local" : "proxy");
    object.number("bytes", decoded.size);
    if (!header.is_local) {
        object.text("family", family_of(header));
        object.text("protocol", protocol_of(header));
        put_ends(header, object);
        object.member("checksum");
        out += header.has_right_checksum ? "true" : "false";
        if (const auto id = header.vpc_endpoint_id()) object.text("vpc_endpoint_id", *id);
        object.member("tlvs");
        put_tlvs(header.tlvs, out);
    }
    return out + "}\n";
}
