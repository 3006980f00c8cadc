// SPDX-License-Identifier: Apache-2.0
// PROXY protocol headers. What is taken is a prefix of the input that shorter prefixes do not
// contradict, and a header with addresses is written back as the same addresses and values.
#include "base/check.hpp"
#include "wire/proxy_v2.hpp"

#include <cstddef>
#include <cstdint>

using namespace nlb::wire;
using Progress = ProxyDecoded::Progress;

namespace {

void write_back(const ProxyHeader& header) {
    ProxyEncoder::Shape shape;
    for (const ProxyTlv& tlv : header.tlvs) {
        if (tlv.type == ProxyTlv::kCrc32c)
            shape.checksum = true;
        else
            shape.tlvs.push_back(tlv);
    }
    NLB_CHECK(shape.checksum == header.has_right_checksum);
    const auto encoder = ProxyEncoder::make(shape);
    if (!encoder) return; // longer than fits beside IPv6 addresses
    std::string out;
    encoder->append(header.transport, header.source, header.destination, out);
    const ProxyDecoded again = decode_proxy_header(out);
    NLB_CHECK(again.progress == Progress::Complete && again.size == out.size());
    NLB_CHECK(again.header.source == header.source);
    NLB_CHECK(again.header.destination == header.destination);
    NLB_CHECK(again.header.transport == header.transport);
    NLB_CHECK(again.header.tlvs.size() == header.tlvs.size());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(data, data + size);
    const ProxyDecoded got = decode_proxy_header(bytes);
    NLB_CHECK((got.progress == Progress::Malformed) == !got.why.empty());
    if (got.progress == Progress::Short) NLB_CHECK(size < kMostProxyV2Bytes);
    if (got.progress != Progress::Complete) return 0;
    NLB_CHECK(got.size >= kProxyV2Fixed && got.size <= size && got.size <= kMostProxyV2Bytes);
    NLB_CHECK(decode_proxy_header(bytes.substr(0, got.size - 1)).progress == Progress::Short);
    NLB_CHECK(decode_proxy_header(bytes.substr(0, got.size)).size == got.size);
    const bool has_addresses =
        got.header.family == ProxyFamily::Inet || got.header.family == ProxyFamily::Inet6;
    if (has_addresses) write_back(got.header);
    return 0;
}
