// SPDX-License-Identifier: Apache-2.0
#include "capture/byte_stream.hpp"

#include "io/fd.hpp"

#include "base/check.hpp"

#include <zlib.h>
#include <zstd.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace nlb::capture {

namespace {

constexpr std::size_t kChunk = 65'536;    ///< of compressed input
constexpr int kLargestZstdWindowLog = 27; ///< 128 MiB, the format's recommended bound

struct Inflate {
    z_stream stream{};
    bool open = false;

    Inflate() = default;
    Inflate(const Inflate&) = delete;
    Inflate& operator=(const Inflate&) = delete;

    ~Inflate() {
        if (open) inflateEnd(&stream);
    }
};

struct ZstdCloser {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

} // namespace

Result<ByteSource> open_source(const std::string& path) {
    auto fd = std::make_shared<io::Fd>(); // a std::function must be copyable
    if (path == "-") {
        const int copy = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
        if (copy < 0) return io::sys_error("standard input");
        fd->reset(copy);
    } else {
        fd->reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd->is_open()) return io::sys_error("open " + path);
    }
    return [fd, path](std::span<std::uint8_t> out) -> Result<std::size_t> {
        const ssize_t n = io::retry([&] { return ::read(fd->get(), out.data(), out.size()); });
        if (n < 0) return io::sys_error("read " + (path == "-" ? "standard input" : path));
        return static_cast<std::size_t>(n);
    };
}

ByteSource memory_source(std::span<const std::uint8_t> bytes) {
    return [bytes](std::span<std::uint8_t> out) mutable -> Result<std::size_t> {
        const std::size_t n = std::min(bytes.size(), out.size());
        std::copy_n(bytes.begin(), n, out.begin());
        bytes = bytes.subspan(n);
        return n;
    };
}

struct ByteStream::Decoder {
    enum class Kind { Unknown, Plain, Gzip, Zstd };

    explicit Decoder(ByteSource s) : source(std::move(s)) {}

    ByteSource source;
    std::array<std::uint8_t, kChunk> chunk{};
    std::span<const std::uint8_t> input; ///< rest of chunk
    bool ended = false;                  ///< the source has no more
    bool in_member = false;              ///< inside a gzip member or zstd frame
    Kind kind = Kind::Unknown;
    Inflate inflate;
    std::unique_ptr<ZSTD_DStream, ZstdCloser> zstd;

    /// More input behind what is there, without losing it.
    Result<void> refill() {
        std::copy(input.begin(), input.end(), chunk.begin());
        const std::size_t kept = input.size();
        auto n = source(std::span(chunk).subspan(kept));
        if (!n) return tl::unexpected(n.error());
        ended = *n == 0;
        input = std::span<const std::uint8_t>(chunk).first(kept + *n);
        return {};
    }

    Result<void> recognise() {
        while (input.size() < 4 && !ended) {
            if (auto done = refill(); !done) return done;
        }
        constexpr std::uint8_t kGzip[] = {0x1f, 0x8b};
        constexpr std::uint8_t kZstdFrame[] = {0x28, 0xb5, 0x2f, 0xfd};
        kind = Kind::Plain;
        if (starts_with(kGzip)) kind = Kind::Gzip;
        if (starts_with(kZstdFrame)) kind = Kind::Zstd;
        return {};
    }

    [[nodiscard]] bool starts_with(std::span<const std::uint8_t> magic) const {
        return input.size() >= magic.size() &&
               std::equal(magic.begin(), magic.end(), input.begin());
    }

    /// What recognise() had to read first; then straight from the source.
    Result<std::size_t> plain(std::span<std::uint8_t> out) {
        if (input.empty()) return ended ? std::size_t{0} : source(out);
        const std::size_t n = std::min(input.size(), out.size());
        std::copy_n(input.begin(), n, out.begin());
        input = input.subspan(n);
        return n;
    }

    Result<std::size_t> gunzip(std::span<std::uint8_t> out) {
        z_stream& z = inflate.stream;
        if (!in_member) {
            const int rc = inflate.open ? inflateReset(&z) : inflateInit2(&z, 15 + 16);
            if (rc != Z_OK) return fail(Errc::System, "start decompressing gzip");
            inflate.open = true;
            in_member = true;
        }
        z.next_in = const_cast<Bytef*>(input.data()); // zlib does not write there
        z.avail_in = static_cast<uInt>(input.size());
        z.next_out = out.data();
        z.avail_out = static_cast<uInt>(out.size());
        const int rc = ::inflate(&z, Z_NO_FLUSH);
        input = input.last(z.avail_in);
        if (rc == Z_STREAM_END)
            in_member = false;
        else if (rc != Z_OK && rc != Z_BUF_ERROR)
            return fail(Errc::Data, std::string("damaged gzip data: ") +
                                        (z.msg != nullptr ? z.msg : "wrong checksum"));
        return out.size() - z.avail_out;
    }

    Result<std::size_t> unzstd(std::span<std::uint8_t> out) {
        if (!zstd) {
            zstd.reset(ZSTD_createDStream());
            if (!zstd) return fail(Errc::System, "start decompressing zstd");
            ZSTD_DCtx_setParameter(zstd.get(), ZSTD_d_windowLogMax, kLargestZstdWindowLog);
        }
        ZSTD_inBuffer from{input.data(), input.size(), 0};
        ZSTD_outBuffer to{out.data(), out.size(), 0};
        const std::size_t rc = ZSTD_decompressStream(zstd.get(), &to, &from);
        if (ZSTD_isError(rc) != 0)
            return fail(Errc::Data, std::string("damaged zstd data: ") + ZSTD_getErrorName(rc));
        input = input.subspan(from.pos);
        in_member = rc != 0;
        return to.pos;
    }

    Result<std::size_t> decode(std::span<std::uint8_t> out) {
        return kind == Kind::Gzip ? gunzip(out) : unzstd(out);
    }

    /// Fetches input when there is none; true when nothing is left at all.
    Result<bool> at_end() {
        if (input.empty() && !ended) {
            if (auto done = refill(); !done) return tl::unexpected(done.error());
        }
        return input.empty() && ended;
    }
};

ByteStream::ByteStream(ByteSource source)
    : decoder_(std::make_unique<Decoder>(std::move(source))), buffer_(2 * kMostAtOnce) {
}

ByteStream::~ByteStream() = default;
ByteStream::ByteStream(ByteStream&&) noexcept = default;
ByteStream& ByteStream::operator=(ByteStream&&) noexcept = default;

Result<std::size_t> ByteStream::some(std::span<std::uint8_t> out) {
    Decoder& d = *decoder_;
    if (d.kind == Decoder::Kind::Unknown) {
        if (auto known = d.recognise(); !known) return tl::unexpected(known.error());
    }
    if (d.kind == Decoder::Kind::Plain) return d.plain(out);
    while (true) {
        const auto at_end = d.at_end();
        if (!at_end) return tl::unexpected(at_end.error());
        if (*at_end && !d.in_member) return std::size_t{0};
        auto n = d.decode(out);
        if (!n || *n > 0) return n;
        if (*at_end) return fail(Errc::Data, "the compressed data ends too early");
    }
}

Result<const std::uint8_t*> ByteStream::fill(std::size_t bytes, const char* what) {
    NLB_CHECK(bytes <= kMostAtOnce);
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= begin_;
    begin_ = 0;
    while (end_ < bytes) {
        auto n = some(std::span(buffer_).subspan(end_));
        if (!n) return tl::unexpected(n.error());
        if (*n == 0 && end_ == 0) return nullptr;
        if (*n == 0)
            return fail(Errc::Data, std::string("the file ends inside ") + what + ": " +
                                        std::to_string(end_) + " of " + std::to_string(bytes) +
                                        " bytes");
        end_ += *n;
    }
    begin_ = bytes;
    return buffer_.data();
}

Result<bool> ByteStream::read(std::span<std::uint8_t> out, const char* what) {
    auto bytes = take(out.size(), what);
    if (!bytes) return tl::unexpected(bytes.error());
    if (*bytes == nullptr) return false;
    std::copy_n(*bytes, out.size(), out.begin());
    return true;
}

Result<void> ByteStream::skip(std::uint64_t bytes, const char* what) {
    while (bytes > 0) {
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kMostAtOnce));
        auto got = take(n, what);
        if (!got) return tl::unexpected(got.error());
        if (*got == nullptr) return fail(Errc::Data, std::string("the file ends inside ") + what);
        bytes -= n;
    }
    return {};
}

} // namespace nlb::capture
