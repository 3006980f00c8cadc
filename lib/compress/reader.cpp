// SPDX-License-Identifier: Apache-2.0
#include "compress/reader.hpp"

#include <zstd.h>

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace nlb::compress {

namespace {

constexpr std::size_t kChunk = 65'536;    ///< of compressed input
constexpr int kLargestZstdWindowLog = 27; ///< 128 MiB, the format's recommended bound

constexpr std::size_t kLongestZstdHeader = 18;

constexpr unsigned kHeaderCrc = 2; ///< flags of a gzip header
constexpr unsigned kExtra = 4;
constexpr unsigned kName = 8;
constexpr unsigned kComment = 16;
constexpr unsigned kReserved = 0xe0;

constexpr std::array<std::uint8_t, 2> kGzip = {0x1f, 0x8b};
constexpr std::array<std::uint8_t, 4> kZstdFrame = {0x28, 0xb5, 0x2f, 0xfd};
constexpr std::array<std::uint8_t, 3> kZstdSkippable = {0x2a, 0x4d, 0x18}; ///< after 0x50 to 0x5f

bool starts_with(std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> magic) {
    return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
}

bool begins_gzip(std::span<const std::uint8_t> bytes) {
    return starts_with(bytes, kGzip);
}

bool begins_zstd(std::span<const std::uint8_t> bytes) {
    if (starts_with(bytes, kZstdFrame)) return true;
    return !bytes.empty() && (bytes[0] & 0xf0U) == 0x50 &&
           starts_with(bytes.subspan(1), kZstdSkippable);
}

/// Bytes of a gzip header [RFC 1952 2.3]; 0 when more of it is to come.
std::size_t gzip_header_length(std::span<const std::uint8_t> bytes) {
    constexpr std::size_t kFixed = 10;
    if (bytes.size() < kFixed) return 0;
    const unsigned flags = bytes[3];
    std::size_t length = kFixed;
    if ((flags & kExtra) != 0) {
        if (bytes.size() < length + 2) return 0;
        length += 2U + bytes[length] + (std::size_t{bytes[length + 1]} << 8U);
    }
    for (const unsigned text : {kName, kComment}) {
        if ((flags & text) == 0) continue;
        if (length >= bytes.size()) return 0;
        const auto end =
            std::find(bytes.begin() + static_cast<std::ptrdiff_t>(length), bytes.end(), 0);
        length = static_cast<std::size_t>(end - bytes.begin()) + 1;
    }
    if ((flags & kHeaderCrc) != 0) length += 2;
    return length <= bytes.size() ? length : 0;
}

/// What is wrong with it; empty when nothing is.
std::string_view gzip_header_problem(std::span<const std::uint8_t> header) {
    constexpr std::uint8_t kDeflate = 8;
    const unsigned flags = header[3];
    if (header[2] != kDeflate) return "an unknown method";
    if ((flags & kReserved) != 0) return "an invalid header";
    if ((flags & kHeaderCrc) == 0) return {};
    const auto covered = header.first(header.size() - 2);
    const std::uint32_t crc = crc32_gzip_refl(0, covered.data(), covered.size()) & 0xffffU;
    const auto told = header.last(2);
    return crc == told[0] + (std::uint32_t{told[1]} << 8U) ? "" : "wrong checksum";
}

tl::unexpected<Error> damaged_gzip(std::string_view problem) {
    return fail(Errc::Data, "damaged gzip data: " + std::string(problem));
}

struct ZstdCloser {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

std::string_view inflate_problem(int rc) {
    switch (rc) {
    case ISAL_INVALID_BLOCK: return "an invalid block";
    case ISAL_INVALID_SYMBOL: return "an invalid symbol";
    case ISAL_INVALID_LOOKBACK: return "an invalid distance";
    case ISAL_INVALID_WRAPPER: return "an invalid header";
    case ISAL_UNSUPPORTED_METHOD: return "an unknown method";
    case ISAL_INCORRECT_CHECKSUM: return "wrong checksum";
    default: return "cannot be decompressed";
    }
}

} // namespace

bool begins_compressed(std::span<const std::uint8_t> bytes) {
    return begins_gzip(bytes) || begins_zstd(bytes);
}

class Reader::Decoder {
  public:
    explicit Decoder(ByteSource source) : source_(std::move(source)), chunk_(kChunk) {}

    Result<std::size_t> read(std::span<std::uint8_t> out) {
        for (;;) {
            if (auto known = begin_member(); !known) return tl::unexpected(known.error());
            if (!in_member_ && input_.empty()) return kind_ == Kind::Plain ? source(out) : 0;
            const std::size_t before = input_.size();
            auto n = some(out);
            if (!n || *n > 0) return n;
            if (auto fed = feed_member(before); !fed) return tl::unexpected(fed.error());
        }
    }

    [[nodiscard]] std::uint64_t taken() const { return taken_; }

  private:
    enum class Kind : std::uint8_t { Unknown, Plain, Gzip, Zstd };

    Result<void> begin_member() { return in_member_ ? Result<void>() : recognise(); }

    static tl::unexpected<Error> ends_too_early() {
        return fail(Errc::Data, "the compressed data ends too early");
    }

    /// Nothing came out of the member: it needs more input, unless it took some of what was there.
    Result<void> feed_member(std::size_t before) {
        const std::size_t kept = input_.size();
        if (!in_member_ || (kept > 0 && kept < before)) return {};
        if (auto more = refill(); !more) return more;
        if (input_.size() == kept) return ends_too_early();
        return {};
    }

    Result<std::size_t> source(std::span<std::uint8_t> out) {
        auto n = source_(out);
        if (n) taken_ += *n;
        return n;
    }

    /// More input behind what is there, without losing it; nothing more at the source's end.
    Result<void> refill() {
        std::copy(input_.begin(), input_.end(), chunk_.begin());
        const std::size_t kept = input_.size();
        auto n = source(std::span(chunk_).subspan(kept));
        if (!n) return tl::unexpected(n.error());
        ended_ = *n == 0;
        input_ = std::span<const std::uint8_t>(chunk_).first(kept + *n);
        return {};
    }

    /// What begins here: a member, a frame, or plain bytes at the very begin only.
    Result<void> recognise() {
        if (kind_ == Kind::Plain) return {};
        while (input_.size() < kZstdFrame.size() && !ended_) {
            if (auto done = refill(); !done) return done;
        }
        const bool is_first = kind_ == Kind::Unknown;
        if (input_.empty()) return {};
        if (begins_gzip(input_)) return begin_gzip();
        if (begins_zstd(input_)) return begin_zstd();
        if (is_first) {
            kind_ = Kind::Plain;
            return {};
        }
        return skip_padding();
    }

    /// Zero bytes behind the last member pad it to the block of a tape.
    Result<void> skip_padding() {
        while (!input_.empty()) {
            const auto other =
                std::find_if(input_.begin(), input_.end(), [](auto b) { return b != 0; });
            if (other != input_.end())
                return fail(Errc::Data, "what follows the compressed data is not compressed");
            input_ = {};
            if (auto done = refill(); !done) return done;
        }
        return {};
    }

    /// The header is looked at here: ISA-L forgets its checksum when it comes in parts.
    Result<void> begin_gzip() {
        std::size_t length = gzip_header_length(input_);
        for (; length == 0; length = gzip_header_length(input_)) {
            const std::size_t before = input_.size();
            if (before == chunk_.size()) return damaged_gzip("an invalid header");
            if (auto more = refill(); !more) return more;
            if (input_.size() == before) return ends_too_early();
        }
        const auto problem = gzip_header_problem(input_.first(length));
        if (!problem.empty()) return damaged_gzip(problem);
        input_ = input_.subspan(length);
        if (!inflate_) inflate_ = std::make_unique<inflate_state>();
        isal_inflate_init(inflate_.get());
        inflate_->crc_flag = ISAL_GZIP_NO_HDR_VER; // the trailer is checked
        kind_ = Kind::Gzip;
        in_member_ = true;
        return {};
    }

    Result<void> begin_zstd() {
        if (!zstd_) {
            zstd_.reset(ZSTD_createDStream());
            if (!zstd_) return fail(Errc::System, "start decompressing zstd");
            ZSTD_DCtx_setParameter(zstd_.get(), ZSTD_d_windowLogMax, kLargestZstdWindowLog);
        }
        while (input_.size() < kLongestZstdHeader && !ended_) {
            if (auto more = refill(); !more) return more;
        }
        frame_left_ = ZSTD_getFrameContentSize(input_.data(), input_.size());
        has_frame_size_ = frame_left_ < ZSTD_CONTENTSIZE_ERROR; // the largest numbers mean others
        kind_ = Kind::Zstd;
        in_member_ = true;
        return {};
    }

    Result<std::size_t> some(std::span<std::uint8_t> out) {
        if (kind_ == Kind::Gzip) return gunzip(out);
        return kind_ == Kind::Zstd ? unzstd(out) : plain(out);
    }

    /// What recognise() had to read first; read() goes straight to the source afterwards.
    Result<std::size_t> plain(std::span<std::uint8_t> out) {
        const std::size_t n = std::min(input_.size(), out.size());
        std::copy_n(input_.begin(), n, out.begin());
        input_ = input_.subspan(n);
        return n;
    }

    Result<std::size_t> gunzip(std::span<std::uint8_t> out) {
        inflate_state& state = *inflate_;
        state.next_in = const_cast<std::uint8_t*>(input_.data()); // ISA-L does not write there
        state.avail_in = static_cast<std::uint32_t>(input_.size());
        state.next_out = out.data();
        state.avail_out = static_cast<std::uint32_t>(std::min<std::size_t>(out.size(), 1U << 30U));
        const auto room = state.avail_out;
        if (damage_ == ISAL_DECOMP_OK) damage_ = isal_inflate(&state);
        const std::size_t done = room - state.avail_out;
        if (damage_ == ISAL_END_INPUT || damage_ == ISAL_OUT_OVERFLOW) damage_ = ISAL_DECOMP_OK;
        if (damage_ != ISAL_DECOMP_OK && done == 0) return damaged_gzip(inflate_problem(damage_));
        if (damage_ == ISAL_DECOMP_OK) input_ = input_.last(state.avail_in); // else it may be -1
        in_member_ = damage_ != ISAL_DECOMP_OK || state.block_state != ISAL_BLOCK_FINISH;
        return done;
    }

    Result<std::size_t> unzstd(std::span<std::uint8_t> out) {
        if (is_wrong_size_) return fail(Errc::Data, "damaged zstd data: wrong size");
        ZSTD_inBuffer from{input_.data(), input_.size(), 0};
        ZSTD_outBuffer to{out.data(), out.size(), 0};
        const std::size_t rc = ZSTD_decompressStream(zstd_.get(), &to, &from);
        if (ZSTD_isError(rc) != 0)
            return fail(Errc::Data, std::string("damaged zstd data: ") + ZSTD_getErrorName(rc));
        input_ = input_.subspan(from.pos);
        frame_left_ -= to.pos;
        // The library looks at this only when it has all of a frame at once.
        is_wrong_size_ = rc == 0 && has_frame_size_ && frame_left_ != 0;
        in_member_ = rc != 0 || is_wrong_size_;
        return is_wrong_size_ && to.pos == 0 ? unzstd(out) : Result<std::size_t>(to.pos);
    }

    ByteSource source_;
    std::vector<std::uint8_t> chunk_;
    std::span<const std::uint8_t> input_; ///< rest of chunk_
    bool ended_ = false;                  ///< the source has no more
    bool in_member_ = false;              ///< inside a gzip member or zstd frame
    Kind kind_ = Kind::Unknown;
    std::unique_ptr<inflate_state> inflate_;
    int damage_ = ISAL_DECOMP_OK; ///< told once what was decompressed before it is taken
    std::unique_ptr<ZSTD_DStream, ZstdCloser> zstd_;
    std::uint64_t frame_left_ = 0; ///< bytes that the frame says are to come
    bool has_frame_size_ = false;
    bool is_wrong_size_ = false; ///< told once what was decompressed before it is taken
    std::uint64_t taken_ = 0;
};

Reader::Reader(ByteSource source) : decoder_(std::make_unique<Decoder>(std::move(source))) {
}

Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;

Result<std::size_t> Reader::read(std::span<std::uint8_t> out) {
    return decoder_->read(out);
}

std::uint64_t Reader::taken() const {
    return decoder_->taken();
}

} // namespace nlb::compress
