// SPDX-License-Identifier: Apache-2.0
// Capture files for tests, written block by block in either byte order, right or wrong as asked.
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::test {

class CaptureBuilder {
  public:
    explicit CaptureBuilder(bool big_endian = false) : big_(big_endian) {}

    CaptureBuilder& u16(std::uint32_t value) { return number(value, 2); }

    CaptureBuilder& u32(std::uint64_t value) { return number(value, 4); }

    CaptureBuilder& u64(std::uint64_t value) { return number(value, 8); }

    CaptureBuilder& text(std::string_view bytes) {
        bytes_.append(bytes);
        return *this;
    }

    CaptureBuilder& pcap_header(std::uint32_t magic, std::uint32_t link_type) {
        return u32(magic).u16(2).u16(4).u32(0).u32(0).u32(65535).u32(link_type);
    }

    CaptureBuilder& pcap_packet(std::uint32_t seconds, std::uint32_t fraction,
                                std::string_view bytes) {
        return u32(seconds).u32(fraction).u32(bytes.size()).u32(bytes.size()).text(bytes);
    }

    CaptureBuilder& section() {
        return block(0x0a0d0d0a,
                     CaptureBuilder(big_).u32(0x1a2b3c4d).u16(1).u16(0).u64(~0ULL).str());
    }

    CaptureBuilder& interface(std::uint16_t link_type, std::string_view options = {}) {
        return block(1, CaptureBuilder(big_).u16(link_type).u16(0).u32(0).text(options).str());
    }

    /// An interface option, padded.
    [[nodiscard]] std::string option(std::uint16_t code, std::string_view value) const {
        std::string bytes = CaptureBuilder(big_)
                                .u16(code)
                                .u16(static_cast<std::uint32_t>(value.size()))
                                .text(value)
                                .str();
        bytes.resize((bytes.size() + 3) / 4 * 4);
        return bytes;
    }

    CaptureBuilder& enhanced(std::uint32_t interface, std::uint64_t time, std::string_view bytes) {
        return block(6, CaptureBuilder(big_)
                            .u32(interface)
                            .u32(time >> 32U)
                            .u32(time & 0xffffffffU)
                            .u32(bytes.size())
                            .u32(bytes.size())
                            .text(bytes)
                            .str());
    }

    CaptureBuilder& block(std::uint32_t type, std::string body) {
        body.resize((body.size() + 3) / 4 * 4);
        return u32(type).u32(body.size() + 12).text(body).u32(body.size() + 12);
    }

    [[nodiscard]] const std::string& str() const { return bytes_; }

  private:
    CaptureBuilder& number(std::uint64_t value, unsigned bytes) {
        for (unsigned i = 0; i < bytes; ++i)
            bytes_.push_back(static_cast<char>(value >> (8 * (big_ ? bytes - 1 - i : i))));
        return *this;
    }

    bool big_;
    std::string bytes_;
};

inline std::string gzip(std::string_view text) {
    z_stream z{};
    deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&z, text.size()) + 64, '\0');
    std::string in(text);
    z.next_in = reinterpret_cast<Bytef*>(in.data());
    z.avail_in = static_cast<uInt>(in.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    deflate(&z, Z_FINISH);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
}

inline std::string zstd(std::string_view text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
    return out;
}

} // namespace nlb::test
