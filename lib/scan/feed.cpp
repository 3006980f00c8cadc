// SPDX-License-Identifier: Apache-2.0
#include "scan/feed.hpp"

#include "io/source.hpp"

#include "base/text.hpp"

#include <cstring>
#include <filesystem>

namespace nlb::scan {

namespace {

constexpr std::size_t kPiece = 256U << 10U; ///< stays in a core's cache until it is worked on

/// `until`: of a stream.
Result<compress::ByteSource> source_of(const Input& input, const io::Fd* until) {
    if (!input.is_part()) return io::open_source(input.path, until);
    auto file = input.file;
    if (!file) {
        auto opened = io::open_stream(input.path);
        if (!opened) return tl::unexpected<Error>(opened.error());
        file = std::make_shared<const io::Fd>(std::move(*opened));
    }
    return io::part_of(std::move(file), input.path, input.from, input.to);
}

} // namespace

void Buffer::reserve(std::size_t wanted) {
    if (wanted <= room) return;
    auto larger = std::make_unique_for_overwrite<char[]>(wanted);
    if (used > 0) std::memcpy(larger.get(), bytes.get(), used);
    bytes = std::move(larger);
    room = wanted;
}

/// Reads until there is a piece, of a stream until it has no more for now; what ends the reading is
/// kept for later.
Result<void> Feed::fill(Buffer& buffer) {
    const std::size_t wanted = buffer.used + kPiece;
    buffer.reserve(wanted + 1); // and a line feed
    while (buffer.used < wanted) {
        auto n = reader_->read({reinterpret_cast<std::uint8_t*>(buffer.bytes.get()) + buffer.used,
                                wanted - buffer.used});
        if (!n) error_ = n.error();
        ended_ = !n || *n == 0;
        if (ended_) return {};
        buffer.used += *n;
        if (is_stream_ && buffer.used < wanted) return {};
    }
    return {};
}

Result<void> Feed::open() {
    if (reader_ || ended_) return {};
    std::error_code ignored;
    is_stream_ = !input_.is_part() && !std::filesystem::is_regular_file(input_.path, ignored);
    auto source = source_of(input_, is_stream_ ? &until_ : nullptr);
    ended_ = !source;
    if (!source) return tl::unexpected<Error>(source.error());
    reader_ = std::make_unique<compress::Reader>(envelope::opened(std::move(*source), key_));
    return {};
}

Result<void> Feed::next(Buffer& buffer) {
    if (auto ok = open(); !ok) return ok;
    buffer.used = 0;
    buffer.reserve(rest_.size());
    if (!rest_.empty()) std::memcpy(buffer.bytes.get(), rest_.data(), rest_.size());
    buffer.used = rest_.size();
    rest_.clear();
    std::size_t whole = std::string_view::npos;
    while (!ended_ && whole == std::string_view::npos && buffer.used < kLongestLine) {
        if (auto ok = fill(buffer); !ok) return ok;
        whole = buffer.text().rfind('\n');
    }
    const std::size_t lines = whole == std::string_view::npos ? 0 : whole + 1;
    if (error_) buffer.used = lines; // what was cut in the middle is no entry
    if (!ended_ && lines > 0) {
        rest_ = buffer.text().substr(lines);
        buffer.used = lines;
    }
    if (error_ && buffer.used == 0)
        return forward(*std::exchange(error_, {}), in_quotes(input_.path));
    if (buffer.used > 0 && buffer.bytes[buffer.used - 1] != '\n') {
        buffer.reserve(buffer.used + 1);
        buffer.bytes[buffer.used++] = '\n';
    }
    return {};
}

void Feed::close() {
    taken_ = taken();
    reader_.reset();
    rest_ = {};
}

} // namespace nlb::scan
