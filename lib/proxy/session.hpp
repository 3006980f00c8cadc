// SPDX-License-Identifier: Apache-2.0
// Session: one proxied connection as a state machine without descriptors. It knows what either
// side announced and what is held in between, and decides which call comes next; the calls
// themselves are an Io's, so that tests script them and the worker's are inlined.
//
// Promises: bytes keep their order; at most one buffer (or one pipe) is held per direction, and
// nothing more is read before it is delivered (back-pressure); the end of one direction is passed
// on without touching the other (half-close); a reset of one side ends the session.
#pragma once

#include "proxy/end.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace nlb::proxy {

enum class Side : std::uint8_t { Client, Target };

constexpr Side other(Side side) {
    return side == Side::Client ? Side::Target : Side::Client;
}

/// Bytes of the one buffer that all connections of a worker share.
constexpr std::size_t kBufferBytes = std::size_t{64} * 1024;

/// Where the held bytes of a direction lie.
enum class Place : std::uint8_t {
    Buffer, ///< the worker's shared buffer: only within one move()
    Kept,   ///< memory of this connection
    Pipe    ///< a pipe of the pool
};

/// What a Session asks for. Lengths in bytes; a negative result is -errno.
template <class T>
concept SessionIo = requires(T io, Side side, Place place, std::uint32_t bytes, bool last) {
    { io.read(side, place) } -> std::same_as<std::int64_t>; // from `side`; 0: its end
    {
        io.read_behind(side)
        } -> std::same_as<std::int64_t>; // the same, behind what the buffer holds
    {
        io.write(side, place, bytes, last)
        } -> std::same_as<std::int64_t>; // what came from `side`; `last`: its end follows at once
    io.keep(side, bytes); // the last `bytes` of the buffer must outlive this call of move()
    io.unkeep(side);      // the kept bytes are delivered
    { io.take_pipe(side) } -> std::same_as<bool>; // false: none to be had, copy instead
    io.give_back_pipe(side);                      // it is empty
    io.pass_end(side);                            // `side` ended its direction: tell the other one
    io.want_space(side); // the last write to `side` was short: an event must tell of space
};

class Session {
  public:
    /// What a descriptor announced.
    struct Ready {
        bool in = false;
        bool out = false;
        bool end = false;    ///< the peer has ended its direction, or the connection is over
        bool error = false;  ///< a read or write would fail
        bool urgent = false; ///< there is urgent data, at which a read may stop [tcp(7)]
    };

    struct Progress {
        End end = End::None;
        bool more = false; ///< the turn is over, not the work: call again, no event will come
    };

    [[nodiscard]] bool is_connecting() const { return connecting_; }

    /// One direction has ended.
    [[nodiscard]] bool is_closing() const { return halves_[0].ended || halves_[1].ended; }

    /// The target answered: both sides can be written to, and the client may have sent already. The
    /// `header_bytes` at the start of the buffer go to the target first, whatever the client does.
    void connected(std::uint32_t header_bytes = 0) {
        connecting_ = false;
        halves_[0].writable = true;
        halves_[1].writable = true;
        halves_[0].readable = true;
        halves_[0].held = header_bytes;
        has_header_ = header_bytes != 0;
    }

    void note(Side side, Ready ready) {
        Half& half = at(side);
        half.readable |= ready.in || ready.end || ready.error;
        half.writable |= ready.out;
        half.hung_up |= ready.end;
        half.failed |= ready.error;
        half.urgent |= ready.urgent;
    }

    /// Moves what can be moved; call after note() or connected(). Not while connecting.
    template <SessionIo Io>
    Progress move(Io& io) {
        bool more = false;
        if (has_header_) {
            const End end = join_header(io);
            if (end != End::None) return {end};
        }
        for (const Side from : {Side::Client, Side::Target}) {
            const Progress one = move_from(from, io);
            if (one.end != End::None) return one;
            more |= one.more;
        }
        if (at(Side::Client).passed_on && at(Side::Target).passed_on) return {End::Closed};
        if (more) return {End::None, true};
        if (at(Side::Client).failed) return {End::ClientReset};
        if (at(Side::Target).failed) return {End::TargetReset};
        return {};
    }

    /// Bytes received from `side` so far.
    [[nodiscard]] std::uint64_t received(Side side) const { return at(side).received; }

    /// The end that a failed call on `side` means.
    static End end_by(Side side, std::int64_t error) {
        const bool reset = error == ECONNRESET || error == EPIPE;
        if (side == Side::Client) return reset ? End::ClientReset : End::ClientLost;
        return reset ? End::TargetReset : End::TargetLost;
    }

    /// The end that a failed connect means.
    static End end_of_connect(int error) {
        switch (error) {
        case ECONNREFUSED: return End::TargetRefused;
        case ECONNRESET: // it did answer, and was faster than our look at it
        case EPIPE: return End::TargetReset;
        case ETIMEDOUT: return End::TargetTimeout;
        case EADDRNOTAVAIL: return End::PortAllocation;
        default: return End::TargetUnreachable;
        }
    }

    /// A direction that filled the buffer so often in a row is bulk: a pipe is cheaper by now.
    static constexpr std::uint8_t kFullReadsBeforePipe = 4;
    /// A spliced read under this size ends that: the bulk is over.
    static constexpr std::int64_t kLeastThroughPipe = 4096;
    /// Reads of one direction, or bytes, before other connections get their turn.
    static constexpr int kReadsPerTurn = 16;
    static constexpr std::uint64_t kBytesPerTurn = std::uint64_t{4} << 20U;

  private:
    /// One side, and the direction that starts there.
    struct Half {
        std::uint64_t received = 0;
        std::uint32_t held = 0; // received and not yet written to the other side
        Place place = Place::Buffer;
        std::uint8_t full_reads = 0; // in a row
        bool readable = false;
        bool writable = false;
        bool hung_up = false;
        bool failed = false;
        bool urgent = false;    // had urgent data
        bool ended = false;     // its end was read
        bool passed_on = false; // and told to the other side
        bool has_pipe = false;
    };

    [[nodiscard]] Half& at(Side side) { return halves_[static_cast<std::size_t>(side)]; }

    [[nodiscard]] const Half& at(Side side) const {
        return halves_[static_cast<std::size_t>(side)];
    }

    /// What the client has sent by now leaves in the same write as the header.
    template <SessionIo Io>
    End join_header(Io& io) {
        Half& half = at(Side::Client);
        has_header_ = false;
        const std::int64_t n = io.read_behind(Side::Client);
        if (n <= 0) return nothing_from(Side::Client, n);
        half.held += static_cast<std::uint32_t>(n);
        half.received += static_cast<std::uint64_t>(n);
        if (half.held < kBufferBytes) was_short(half);
        return End::None;
    }

    /// A read gave 0 or an error.
    End nothing_from(Side side, std::int64_t n) {
        Half& half = at(side);
        half.readable = false;
        if (n == 0) half.ended = true;
        return n == 0 || n == -EAGAIN ? End::None : end_by(side, -n);
    }

    template <SessionIo Io>
    Progress move_from(Side from, Io& io) {
        Half& half = at(from);
        Half& to = at(other(from));
        End end = End::None;
        const std::uint64_t enough = half.received + kBytesPerTurn;
        for (int reads = 0; end == End::None; ++reads) {
            if (half.held != 0) end = deliver(from, io);
            if (end != End::None || half.held != 0) break;
            if (half.ended) {
                pass_end(from, io);
                break;
            }
            if (!half.readable || !to.writable) break;
            if (reads == kReadsPerTurn || half.received >= enough) return {End::None, true};
            end = take(from, io);
        }
        return {end};
    }

    template <SessionIo Io>
    void pass_end(Side from, Io& io) {
        if (std::exchange(at(from).passed_on, true)) return;
        if (!at(other(from)).passed_on) io.pass_end(from); // else both are closed at once
    }

    template <SessionIo Io>
    End deliver(Side from, Io& io) {
        Half& half = at(from);
        Half& to = at(other(from));
        while (half.held != 0 && to.writable) {
            const std::int64_t n = io.write(from, half.place, half.held, half.ended);
            if (n < 0 && n != -EAGAIN) return end_by(other(from), -n);
            const auto written = static_cast<std::uint32_t>(std::max<std::int64_t>(n, 0));
            half.held -= written;
            // A pipe may be written in pieces although there is space; memory may not.
            if (half.held != 0 && (n < 0 || half.place != Place::Pipe)) {
                to.writable = false;
                io.want_space(other(from));
            }
        }
        if (half.held != 0) {
            if (half.place == Place::Buffer) {
                io.keep(from, half.held);
                half.place = Place::Kept;
            }
            return End::None;
        }
        if (half.place == Place::Kept) {
            io.unkeep(from);
            half.place = Place::Buffer;
        }
        return End::None;
    }

    template <SessionIo Io>
    End take(Side from, Io& io) {
        Half& half = at(from);
        if (half.urgent) half.full_reads = 0; // splice(2) never goes past an urgent byte
        if (half.has_pipe && half.full_reads == 0) give_back(from, io);
        if (half.full_reads >= kFullReadsBeforePipe && !half.has_pipe) {
            half.has_pipe = io.take_pipe(from);
            if (!half.has_pipe) half.full_reads = 0;
        }
        half.place = half.has_pipe ? Place::Pipe : Place::Buffer;
        const std::int64_t n = io.read(from, half.place);
        if (n > 0) {
            took(half, n);
            return End::None;
        }
        if (half.has_pipe) give_back(from, io);
        return nothing_from(from, n);
    }

    static void took(Half& half, std::int64_t n) {
        half.held = static_cast<std::uint32_t>(n);
        half.received += static_cast<std::uint64_t>(n);
        if (half.place == Place::Pipe) {
            if (n < kLeastThroughPipe) half.full_reads = 0;
            return;
        }
        if (n == static_cast<std::int64_t>(kBufferBytes)) {
            if (half.full_reads < kFullReadsBeforePipe) ++half.full_reads;
            return;
        }
        half.full_reads = 0;
        was_short(half);
    }

    /// A short read emptied the socket; whatever comes next raises an event of its own. When the
    /// end of the direction was announced before, nothing but that can come. But a read ends before
    /// an urgent byte, which is then read like the others.
    static void was_short(Half& half) {
        half.ended = half.hung_up && !half.failed && !half.urgent;
        if (half.ended || !half.hung_up) half.readable = half.failed || half.urgent;
    }

    template <SessionIo Io>
    void give_back(Side from, Io& io) {
        io.give_back_pipe(from);
        at(from).has_pipe = false;
        at(from).place = Place::Buffer;
    }

    std::array<Half, 2> halves_{};
    bool connecting_ = true;
    bool has_header_ = false; // held, and not yet tried to be sent
};

} // namespace nlb::proxy
