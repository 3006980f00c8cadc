// SPDX-License-Identifier: Apache-2.0
// A stream of messages as two machines: StreamWriter numbers lines, StreamReader splits bytes into
// lines, decodes them and notices gaps. Neither owns a descriptor. Rules: nlb-messages(7).
#pragma once

#include "contract/codec.hpp"
#include "contract/line_splitter.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace nlb::contract {

class StreamWriter {
  public:
    /// The stream opens with `hello`.
    explicit StreamWriter(Hello hello) { put(std::move(hello)); }

    void put(const Message& message) { encode(message, next_seq_++, pending_); }

    [[nodiscard]] std::string_view pending() const { return pending_; }

    /// The bytes to send; the writer is empty afterwards.
    std::string drain() { return std::exchange(pending_, {}); }

    /// Drops the first `bytes` of pending(): they were sent.
    void sent(std::size_t bytes) { pending_.erase(0, bytes); }

  private:
    std::string pending_;
    std::uint64_t next_seq_ = 1;
};

/// The sender skipped numbers: lines were lost. Ask for a snapshot.
struct Gap {
    std::uint64_t expected = 0;
    std::uint64_t got = 0;
};

/// A line that is no message; it was skipped.
struct BadLine {
    std::uint64_t line = 0; ///< from 1
    std::string why;        ///< "column 12: target-health: member "state" must be ..."
};

struct Event {
    std::variant<Message, Gap, BadLine> what;
    std::string_view text; ///< the line itself, for digests; valid as long as the bytes fed and
                           ///< until the next feed()
};

class StreamReader {
  public:
    /// Takes bytes and returns what they complete, in order. A line longer than kLongestLine is
    /// one BadLine, and nothing of it is kept; memory is bounded by that length.
    std::vector<Event> feed(std::string_view bytes);

    /// The input ended: a last line without newline counts as a line.
    std::vector<Event> finish();

    [[nodiscard]] std::uint64_t lines() const { return line_; }

    [[nodiscard]] std::uint64_t unknown() const { return unknown_; }

  private:
    void take_line(std::string_view line, std::vector<Event>& events);
    Event overlong();

    Decoder decoder_;
    Decoded decoded_;
    LineSplitter splitter_;
    std::uint64_t line_ = 0;
    std::uint64_t expected_ = 0; // 0: any number may come next
    std::uint64_t unknown_ = 0;
};

} // namespace nlb::contract
