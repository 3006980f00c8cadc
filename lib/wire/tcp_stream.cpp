// SPDX-License-Identifier: Apache-2.0
#include "wire/tcp_stream.hpp"

#include <algorithm>

namespace nlb::wire {

namespace {

/// A segment further ahead than the largest window [RFC 7323 §2.3] belongs to another connection.
constexpr std::int64_t kLargestWindow = std::int64_t{1} << 30;

} // namespace

void TcpStream::start(const TcpSegment& segment) {
    first_ = segment.sequence + (segment.syn ? 1U : 0U);
    state_ = State::Open;
}

/// Sequence numbers wrap; the one nearest to the next expected byte is meant.
std::int64_t TcpStream::offset_of(std::uint32_t sequence) const {
    const auto expected = static_cast<std::uint32_t>(first_ + next_);
    const auto ahead = static_cast<std::int32_t>(sequence - expected);
    return static_cast<std::int64_t>(next_) + ahead;
}

void TcpStream::feed(const TcpSegment& segment) {
    if (state_ == State::Waiting && !segment.rst) start(segment);
    if (state_ != State::Open) {
        if (state_ == State::Finished) repeated_ += segment.payload.size();
        if (state_ == State::Waiting) state_ = State::Reset;
        return;
    }
    const std::int64_t offset = offset_of(segment.sequence + (segment.syn ? 1U : 0U));
    if (offset > static_cast<std::int64_t>(next_) + kLargestWindow) return;
    if (segment.rst) {
        state_ = State::Reset;
        held_.clear();
        held_bytes_ = 0;
        return;
    }
    const std::int64_t end = offset + static_cast<std::int64_t>(segment.payload.size());
    if (segment.fin && !end_ && end >= static_cast<std::int64_t>(next_))
        finish_at(static_cast<std::uint64_t>(end));
    take(offset, segment.payload);
    deliver();
    while (held_bytes_ > most_held_)
        skip_gap();
}

/// What is held beyond the end was never part of the stream.
void TcpStream::finish_at(std::uint64_t end) {
    end_ = end;
    while (!held_.empty()) {
        const auto last = std::prev(held_.end());
        auto& bytes = last->second;
        if (last->first + bytes.size() <= end) break;
        const std::size_t kept =
            last->first < end ? static_cast<std::size_t>(end - last->first) : 0;
        held_bytes_ -= bytes.size() - kept;
        bytes.resize(kept);
        if (kept == 0) held_.erase(last);
    }
}

void TcpStream::take(std::int64_t offset, std::span<const std::uint8_t> payload) {
    const auto next = static_cast<std::int64_t>(next_);
    if (offset < next) { // begins with old bytes
        const auto old =
            std::min<std::size_t>(payload.size(), static_cast<std::size_t>(next - offset));
        repeated_ += old;
        payload = payload.subspan(old);
        offset = next;
    }
    auto at = static_cast<std::uint64_t>(offset);
    if (end_ && at + payload.size() > *end_) // nothing comes after a FIN
        payload = payload.first(at < *end_ ? static_cast<std::size_t>(*end_ - at) : 0);
    while (!payload.empty()) {
        auto after = held_.upper_bound(at);
        if (after != held_.begin()) { // may begin inside what is held
            const auto before = std::prev(after);
            const std::uint64_t held_end = before->first + before->second.size();
            if (held_end > at) {
                const auto known =
                    std::min<std::size_t>(payload.size(), static_cast<std::size_t>(held_end - at));
                repeated_ += known;
                payload = payload.subspan(known);
                at += known;
                continue;
            }
        }
        const std::size_t room =
            after == held_.end() ? payload.size()
                                 : std::min<std::size_t>(
                                       payload.size(), static_cast<std::size_t>(after->first - at));
        hold(at, payload.first(room));
        payload = payload.subspan(room);
        at += room;
    }
}

void TcpStream::hold(std::uint64_t offset, std::span<const std::uint8_t> payload) {
    held_.emplace(offset, std::vector<std::uint8_t>(payload.begin(), payload.end()));
    held_bytes_ += payload.size();
}

void TcpStream::deliver() {
    while (!held_.empty() && held_.begin()->first == next_) {
        const auto& bytes = held_.begin()->second;
        ready_.append(bytes.begin(), bytes.end());
        next_ += bytes.size();
        held_bytes_ -= bytes.size();
        held_.erase(held_.begin());
    }
    if (end_ && next_ >= *end_ && held_.empty()) state_ = State::Finished;
}

void TcpStream::skip_gap() {
    const std::uint64_t to = held_.begin()->first;
    gaps_.push_back({next_, to - next_});
    next_ = to;
    deliver();
}

void TcpStream::give_up() {
    while (!held_.empty())
        skip_gap();
    if (state_ == State::Open && end_ && next_ < *end_) {
        gaps_.push_back({next_, *end_ - next_});
        next_ = *end_;
        state_ = State::Finished;
    }
}

} // namespace nlb::wire
