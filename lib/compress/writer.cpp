// SPDX-License-Identifier: Apache-2.0
#include "compress/writer.hpp"

#include "base/check.hpp"

#include <zstd.h>

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <vector>

namespace nlb::compress {

namespace {

constexpr std::size_t kRoom = 65'536; ///< for output, at a time
constexpr std::size_t kMostAtOnce = 1U << 30U;

struct ZstdCloser {
    void operator()(ZSTD_CStream* stream) const { ZSTD_freeCStream(stream); }
};

std::uint8_t* writable(std::string_view bytes) {
    // NOLINTNEXTLINE: ISA-L and C strings: it reads there only
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data()));
}

} // namespace

std::string_view suffix(Method method) {
    if (method == Method::Gzip) return ".gz";
    return method == Method::Zstd ? ".zst" : "";
}

struct Writer::Encoder {
    Method method = Method::None;
    isal_zstream gzip{};
    std::vector<std::uint8_t> level_memory;
    std::unique_ptr<ZSTD_CStream, ZstdCloser> zstd;

    void start_gzip() {
        // Level 1: the cheapest that still looks for repeats over the whole window.
        level_memory.resize(ISAL_DEF_LVL1_DEFAULT);
        isal_deflate_init(&gzip);
        gzip.level = 1;
        gzip.level_buf = level_memory.data();
        gzip.level_buf_size = static_cast<std::uint32_t>(level_memory.size());
        gzip.gzip_flag = IGZIP_GZIP;
    }

    void start_zstd() {
        zstd.reset(ZSTD_createCStream());
        NLB_CHECK(zstd != nullptr);
        NLB_CHECK(ZSTD_isError(ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_compressionLevel, 1)) ==
                  0);
        NLB_CHECK(ZSTD_isError(ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_checksumFlag, 1)) == 0);
    }

    void deflate(std::string_view bytes, bool last, std::string& out) {
        gzip.next_in = writable(bytes);
        gzip.avail_in = static_cast<std::uint32_t>(bytes.size());
        gzip.end_of_stream = last ? 1 : 0;
        do {
            const std::size_t begin = out.size();
            out.resize(begin + kRoom);
            gzip.next_out = writable(std::string_view(out).substr(begin));
            gzip.avail_out = kRoom;
            NLB_CHECK(isal_deflate(&gzip) == COMP_OK);
            out.resize(begin + kRoom - gzip.avail_out);
        } while (gzip.avail_out == 0 || gzip.avail_in > 0);
    }

    void compress(std::string_view bytes, ZSTD_EndDirective how, std::string& out) {
        ZSTD_inBuffer from{bytes.data(), bytes.size(), 0};
        std::size_t left = 0;
        do {
            const std::size_t begin = out.size();
            out.resize(begin + kRoom);
            ZSTD_outBuffer to{out.data() + begin, kRoom, 0};
            left = ZSTD_compressStream2(zstd.get(), &to, &from, how);
            NLB_CHECK(ZSTD_isError(left) == 0);
            out.resize(begin + to.pos);
        } while (from.pos < from.size || (how == ZSTD_e_end && left > 0));
    }
};

Writer::Writer(Method method) : encoder_(std::make_unique<Encoder>()) {
    encoder_->method = method;
    if (method == Method::Gzip) encoder_->start_gzip();
    if (method == Method::Zstd) encoder_->start_zstd();
}

Writer::~Writer() = default;
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;

void Writer::write(std::string_view bytes, std::string& out) {
    while (!bytes.empty()) {
        const std::string_view piece = bytes.substr(0, kMostAtOnce); // ISA-L counts in 32 bits
        bytes.remove_prefix(piece.size());
        switch (encoder_->method) {
        case Method::None: out += piece; break;
        case Method::Gzip: encoder_->deflate(piece, false, out); break;
        case Method::Zstd: encoder_->compress(piece, ZSTD_e_continue, out); break;
        }
    }
}

void Writer::finish(std::string& out) {
    if (encoder_->method == Method::Gzip) encoder_->deflate({}, true, out);
    if (encoder_->method == Method::Zstd) encoder_->compress({}, ZSTD_e_end, out);
}

std::uint32_t crc32(std::string_view bytes) {
    return crc32_gzip_refl(0, writable(bytes), bytes.size());
}

} // namespace nlb::compress
