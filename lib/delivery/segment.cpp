// SPDX-License-Identifier: Apache-2.0
#include "delivery/segment.hpp"

#include "compress/writer.hpp"

#include "base/enum_text.hpp"
#include "base/text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <utility>

namespace nlb::delivery {

namespace {

constexpr std::string_view kMagic = "NLBLOG1\n";
constexpr std::size_t kFrameHead = 12;
constexpr std::uint32_t kLongestFrame = 64U << 20U; ///< no reader holds more

void put_u32(std::uint32_t value, std::string& out) {
    for (unsigned shift = 0; shift < 32; shift += 8)
        out += static_cast<char>(value >> shift & 0xffU);
}

std::uint32_t get_u32(std::string_view bytes) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i)
        value |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return value;
}

std::string head_text(const SegmentHead& head) {
    const accesslog::FileLabel& label = head.label;
    std::string text;
    const auto put = [&](std::string_view name, std::string_view value) {
        text += name;
        text += ' ';
        text += value;
        text += '\n';
    };
    put("kind", label.kind == accesslog::LogKind::Access ? "access" : "flow");
    put("account", label.account);
    put("region", label.region);
    put("load-balancer", label.load_balancer);
    put("end-ms", std::to_string(label.end.unix_ms));
    put("random", label.random);
    put("bucket", head.place.bucket);
    put("prefix", head.place.prefix);
    return text;
}

bool take_number(std::string_view text, std::int64_t& to) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
    return error == std::errc() && end == text.data() + text.size() && to >= 0;
}

/// One line of a head; false when it cannot be one. Unknown names are of a later version.
bool take_head_line(std::string_view name, std::string_view value, SegmentHead& head) {
    accesslog::FileLabel& label = head.label;
    if (name == "end-ms") return take_number(value, label.end.unix_ms);
    if (name == "kind") {
        label.kind = value == "flow" ? accesslog::LogKind::Flow : accesslog::LogKind::Access;
        return value == "flow" || value == "access";
    }
    const std::pair<std::string_view, std::string*> texts[] = {
        {"account", &label.account},    {"region", &label.region},
        {"random", &label.random},      {"load-balancer", &label.load_balancer},
        {"bucket", &head.place.bucket}, {"prefix", &head.place.prefix}};
    for (const auto& [known, to] : texts) {
        if (known == name) *to = value;
    }
    return true;
}

/// These become parts of a path.
bool is_usable(const SegmentHead& head) {
    const auto is_part = [](const std::string& text) {
        return accesslog::is_resource_id(text) && text.find('/') == std::string::npos;
    };
    const accesslog::FileLabel& label = head.label;
    return is_part(label.account) && is_part(label.region) && is_part(label.random) &&
           accesslog::is_resource_id(label.load_balancer);
}

bool parse_head(std::string_view text, SegmentHead& head) {
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        const std::size_t space = line.find(' ');
        if (end == std::string_view::npos || space == std::string_view::npos) return false;
        if (!take_head_line(line.substr(0, space), line.substr(space + 1), head)) return false;
        text.remove_prefix(end + 1);
    }
    return is_usable(head);
}

Result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
    while (!bytes.empty()) {
        const ssize_t n = io::retry([&] { return ::write(fd, bytes.data(), bytes.size()); });
        if (n < 0) return io::sys_error("write " + in_quotes(path));
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

} // namespace

// ---- writing ----------------------------------------------------------------------------------

Result<void> SegmentWriter::make() {
    constexpr mode_t kMode = 0600;
    file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode));
    if (!file_.is_open()) return io::sys_error("make " + in_quotes(path_));
    auto written = write_all(file_.get(), kMagic, path_);
    if (written) {
        bytes_ = kMagic.size();
        written = append(head_text(head_), 0);
    }
    if (!written) {
        ::unlink(path_.c_str());
        file_.reset();
        bytes_ = 0;
    }
    return written;
}

Result<void> SegmentWriter::append(std::string_view payload, std::uint32_t entries) {
    frame_.clear();
    put_u32(static_cast<std::uint32_t>(payload.size()), frame_);
    put_u32(entries, frame_);
    put_u32(compress::crc32(payload), frame_);
    frame_ += payload;
    synced_ = false;
    auto written = write_all(file_.get(), frame_, path_);
    if (written) {
        bytes_ += frame_.size();
        return {};
    }
    // The part that was written would hide every later frame from a reader.
    const auto length = static_cast<off_t>(bytes_);
    if (::ftruncate(file_.get(), length) != 0 || ::lseek(file_.get(), length, SEEK_SET) < 0)
        return io::sys_error("cut " + in_quotes(path_));
    return written;
}

Result<void> SegmentWriter::flush() {
    if (held_.empty()) return {};
    if (!file_.is_open()) {
        if (auto made = make(); !made) return made;
    }
    if (auto written = append(held_, held_entries_); !written) return written;
    held_.clear();
    held_entries_ = 0;
    return {};
}

Result<void> SegmentWriter::sync() {
    if (synced_) return {};
    if (::fdatasync(file_.get()) != 0) return io::sys_error("sync " + in_quotes(path_));
    if (!name_synced_) { // a new file is on the disk only with its folder
        auto synced = io::sync_folder(std::filesystem::path(path_).parent_path().string());
        if (!synced) return synced;
    }
    name_synced_ = true;
    synced_ = true;
    return {};
}

// ---- reading ----------------------------------------------------------------------------------

Result<SegmentReader> SegmentReader::open(compress::ByteSource source) {
    SegmentReader reader(std::move(source));
    std::string magic;
    auto got = reader.read(kMagic.size(), magic);
    if (!got) return tl::unexpected<Error>(got.error());
    if (magic != kMagic) return fail(Errc::Data, "no segment of a spool");
    auto frame = reader.read_frame();
    if (!frame) return tl::unexpected<Error>(frame.error());
    if (!*frame || !parse_head(reader.payload_, reader.head_))
        return fail(Errc::Data, "a segment without a whole head");
    reader.entries_ = 0;
    return reader;
}

/// At most `bytes`; less at the end of the source only.
Result<std::size_t> SegmentReader::read(std::size_t bytes, std::string& to) {
    to.clear();
    constexpr std::size_t kStep = 1U << 20U; // a length that lies costs no memory
    while (to.size() < bytes) {
        const std::size_t begin = to.size();
        to.resize(begin + std::min(kStep, bytes - begin));
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes
        auto* at = reinterpret_cast<std::uint8_t*>(to.data()) + begin;
        auto n = source_({at, to.size() - begin});
        if (!n) return n;
        to.resize(begin + *n);
        if (*n == 0) break;
    }
    return to.size();
}

Result<bool> SegmentReader::read_frame() {
    std::string head;
    auto got = read(kFrameHead, head);
    if (!got) return tl::unexpected<Error>(got.error());
    is_cut_ = *got != 0; // until the frame has proved whole
    if (*got < kFrameHead) return false;
    const std::uint32_t length = get_u32(head);
    if (length == 0 || length > kLongestFrame) return false;
    got = read(length, payload_);
    if (!got) return tl::unexpected<Error>(got.error());
    if (*got < length || compress::crc32(payload_) != get_u32(std::string_view(head).substr(8)))
        return false;
    is_cut_ = false;
    entries_ += get_u32(std::string_view(head).substr(4));
    return true;
}

Result<std::string_view> SegmentReader::next() {
    if (is_cut_) return std::string_view();
    auto frame = read_frame();
    if (!frame) return tl::unexpected<Error>(frame.error());
    return *frame ? std::string_view(payload_) : std::string_view();
}

} // namespace nlb::delivery
