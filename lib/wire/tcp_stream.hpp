// SPDX-License-Identifier: Apache-2.0
// The byte stream of one direction of a TCP connection, put together from its segments in any order
// [RFC 9293 §3.4, §3.10.7.4]. A pure machine: segments in, bytes and gaps out; memory is bounded.
// Of bytes that come twice the first copy counts, as at a receiver.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace nlb::wire {

struct TcpSegment {
    std::uint32_t sequence = 0;
    bool syn = false;
    bool fin = false;
    bool rst = false;
    std::span<const std::uint8_t> payload;
};

/// Bytes that never came and are not waited for any more.
struct TcpGap {
    std::uint64_t offset = 0; ///< of the first missing byte in the stream
    std::uint64_t bytes = 0;
    bool operator==(const TcpGap&) const = default;
};

class TcpStream {
  public:
    enum class State {
        Waiting, ///< no segment yet
        Open,
        Finished, ///< every byte up to the FIN was delivered, or given up
        Reset,    ///< a RST came; what was contiguous is delivered, the rest is dropped
    };

    /// At most `most_held_bytes` wait for what is missing before them; beyond that the gap is given
    /// up.
    explicit TcpStream(std::size_t most_held_bytes = 1U << 20U) : most_held_(most_held_bytes) {}

    /// A stream that is met in its middle begins with the first segment that comes.
    void feed(const TcpSegment& segment);

    /// Nothing more will come: what is held is delivered around its gaps.
    void give_up();

    /// The bytes that are in order since the last call.
    std::string drain() { return std::exchange(ready_, {}); }

    [[nodiscard]] State state() const { return state_; }

    [[nodiscard]] const std::vector<TcpGap>& gaps() const { return gaps_; }

    /// Bytes delivered, gaps included: the offset of the next one.
    [[nodiscard]] std::uint64_t offset() const { return next_; }

    [[nodiscard]] std::size_t held_bytes() const { return held_bytes_; }

    /// Payload bytes that had come before.
    [[nodiscard]] std::uint64_t repeated_bytes() const { return repeated_; }

  private:
    void start(const TcpSegment& segment);
    [[nodiscard]] std::int64_t offset_of(std::uint32_t sequence) const;
    void take(std::int64_t offset, std::span<const std::uint8_t> payload);
    void hold(std::uint64_t offset, std::span<const std::uint8_t> payload);
    void finish_at(std::uint64_t end);
    void deliver();
    void skip_gap();

    State state_ = State::Waiting;
    std::size_t most_held_;
    std::uint32_t first_ = 0; ///< sequence number of the byte at offset 0
    std::uint64_t next_ = 0;
    std::optional<std::uint64_t> end_;                        ///< offset of the FIN
    std::map<std::uint64_t, std::vector<std::uint8_t>> held_; ///< by offset, not overlapping
    std::size_t held_bytes_ = 0;
    std::string ready_;
    std::vector<TcpGap> gaps_;
    std::uint64_t repeated_ = 0;
};

} // namespace nlb::wire
