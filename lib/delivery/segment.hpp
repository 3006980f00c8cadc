// SPDX-License-Identifier: Apache-2.0
// A segment: entries of one log file, in the spool, before they are compressed and delivered.
// It is only ever appended to, in frames with a checksum each, so that whatever moment the process
// dies at, what was written before can be told from what was cut off.
//
//   "NLBLOG1\n", then frames: length, entries, CRC-32 of the payload (little-endian, 32 bits
//   each), payload. The first frame is the head, in lines "name value"; the others are entries.
#pragma once

#include "compress/source.hpp"

#include "io/fd.hpp"

#include "accesslog/file_name.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace nlb::delivery {

/// Where a file is to be delivered, decided when it begins.
struct Place {
    std::string bucket; ///< empty: the local directory
    std::string prefix;

    bool operator==(const Place&) const = default;
};

struct SegmentHead {
    accesslog::FileLabel label;
    Place place;

    bool operator==(const SegmentHead&) const = default;
};

class SegmentWriter {
  public:
    /// The file, mode 0600, is made by the first flush(); it must not exist.
    SegmentWriter(std::string path, SegmentHead head)
        : path_(std::move(path)), head_(std::move(head)) {}

    /// Holds lines, with their newlines, until flush().
    void add(std::string_view lines) {
        held_ += lines;
        ++held_entries_;
    }

    /// Writes what is held as a frame. When that fails, the file ends where it ended before, and
    /// what is held stays. Errors: System with the path.
    Result<void> flush();

    /// Makes what was flushed survive a loss of power. Errors: System with the path.
    Result<void> sync();

    [[nodiscard]] const std::string& path() const { return path_; }

    [[nodiscard]] const Place& place() const { return head_.place; }

    [[nodiscard]] std::uint64_t bytes() const { return bytes_; } ///< on the disk

    [[nodiscard]] std::size_t held_bytes() const { return held_.size(); }

  private:
    Result<void> make();
    Result<void> append(std::string_view payload, std::uint32_t entries);

    io::Fd file_;
    std::string path_;
    SegmentHead head_;
    std::string held_;
    std::string frame_;
    std::uint32_t held_entries_ = 0;
    std::uint64_t bytes_ = 0;
    bool synced_ = true;
    bool name_synced_ = false; // its entry in the folder
};

/// Reads a segment as far as it is whole.
class SegmentReader {
  public:
    /// Reads the head. Errors: Data when there is no whole head; those of the source.
    static Result<SegmentReader> open(compress::ByteSource source);

    /// The lines of the next frame, valid until the next call; empty at the end of what is whole.
    /// Errors: those of the source.
    Result<std::string_view> next();

    [[nodiscard]] const SegmentHead& head() const { return head_; }

    [[nodiscard]] std::uint64_t entries() const { return entries_; } ///< read so far

    /// Whether something follows what is whole: a write was cut off.
    [[nodiscard]] bool is_cut() const { return is_cut_; }

  private:
    explicit SegmentReader(compress::ByteSource source) : source_(std::move(source)) {}

    Result<std::size_t> read(std::size_t bytes, std::string& to);
    Result<bool> read_frame();

    compress::ByteSource source_;
    SegmentHead head_;
    std::string payload_;
    std::uint64_t entries_ = 0;
    bool is_cut_ = false;
};

} // namespace nlb::delivery
