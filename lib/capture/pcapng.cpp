// SPDX-License-Identifier: Apache-2.0
#include "capture/formats.hpp"

#include <algorithm>

namespace nlb::capture {

namespace {

__extension__ typedef unsigned __int128 Wide;

constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a; ///< the same in both orders
constexpr std::uint32_t kInterface = 1;
constexpr std::uint32_t kObsoletePacket = 2;
constexpr std::uint32_t kSimplePacket = 3;
constexpr std::uint32_t kEnhancedPacket = 6;
constexpr std::uint16_t kOptionTimeResolution = 9;
constexpr std::uint16_t kOptionTimeOffset = 14;
constexpr std::uint32_t kFrame = 12; ///< type, length and the length again
constexpr std::uint32_t kLongestInterface = 64 * 1024;
constexpr std::size_t kMostInterfaces = 65'536;
constexpr unsigned kFinestDecimal = 19; ///< 10^-19 s: the last power of ten that fits 64 bits
constexpr unsigned kFinestBinary = 63;

struct Interface {
    std::uint16_t link_type = 0;
    std::uint64_t units_per_second = 1'000'000;
    std::int64_t offset_seconds = 0;

    /// Saturates: a file may claim any time.
    [[nodiscard]] Nanos time(std::uint64_t units) const {
        constexpr std::int64_t kMostSeconds = 9'000'000'000;
        const auto seconds = static_cast<std::int64_t>(
            std::min<std::uint64_t>(units / units_per_second, kMostSeconds));
        const auto rest = static_cast<std::int64_t>(Wide{units % units_per_second} *
                                                    1'000'000'000U / units_per_second);
        const std::int64_t offset = std::clamp(offset_seconds, -kMostSeconds, kMostSeconds);
        return {std::clamp(seconds + offset, std::int64_t{0}, kMostSeconds) * 1'000'000'000 + rest};
    }
};

struct Block {
    std::uint32_t type = 0;
    std::uint32_t body = 0; ///< bytes of it not read yet
};

class Pcapng final : public Format {
  public:
    /// After the block type of the first section header.
    Result<void> open(ByteStream& in) { return section(in); }

    Result<bool> next(ByteStream& in, Packet& packet) override {
        while (true) {
            Block block;
            auto got = begin(in, block);
            if (!got || !*got) return got;
            auto is_packet = take(in, block, packet);
            if (!is_packet) return is_packet;
            if (*is_packet) return true;
        }
    }

  private:
    /// Type and length of the next block; false at the end of the file.
    Result<bool> begin(ByteStream& in, Block& block) {
        std::array<std::uint8_t, 8> head;
        auto got = in.read(std::span(head).first(4), "a block header");
        if (!got || !*got) return got;
        block.type = order_.u32(head.data());
        if (block.type == kSectionHeader) return true; // its length needs its byte order
        got = in.read(std::span(head).last(4), "a block header");
        if (!got) return got;
        if (!*got) return fail(Errc::Data, "the file ends inside a block header");
        const std::uint32_t length = order_.u32(head.data() + 4);
        if (length < kFrame || length % 4 != 0)
            return fail(Errc::Data, "a block of " + std::to_string(length) +
                                        " bytes; at least 12 and a multiple of 4 are allowed");
        block.body = length - kFrame;
        return true;
    }

    /// Reads the block; true when it was a packet.
    Result<bool> take(ByteStream& in, Block block, Packet& packet) {
        Result<void> done;
        bool is_packet = true;
        switch (block.type) {
        case kSectionHeader: done = section(in); return done.map([] { return false; });
        case kInterface:
            done = interface(in, block);
            is_packet = false;
            break;
        case kEnhancedPacket:
        case kObsoletePacket: done = enhanced(in, block, packet); break;
        case kSimplePacket: done = simple(in, block, packet); break;
        default: is_packet = false;
        }
        // What is left of the block, and its length again.
        if (done) done = in.skip(std::uint64_t{block.body} + 4, "a block");
        return done.map([&] { return is_packet; });
    }

    static Result<void> read(ByteStream& in, Block& block, std::span<std::uint8_t> out) {
        if (block.body < out.size())
            return fail(Errc::Data, "a block of type " + std::to_string(block.type) +
                                        " is too short for its fields");
        auto got = in.read(out, "a block");
        if (!got) return tl::unexpected(got.error());
        if (!*got) return fail(Errc::Data, "the file ends inside a block");
        block.body -= static_cast<std::uint32_t>(out.size());
        return {};
    }

    /// Length, byte order and version; forgets the interfaces of the section before.
    Result<void> section(ByteStream& in) {
        std::array<std::uint8_t, 20> head;
        auto got = in.read(head, "a section header");
        if (!got) return tl::unexpected(got.error());
        constexpr std::uint32_t kOrderMagic = 0x1a2b3c4d;
        order_ = ByteOrder(false);
        if (order_.u32(head.data() + 4) != kOrderMagic) order_ = ByteOrder(true);
        if (!*got || order_.u32(head.data() + 4) != kOrderMagic)
            return fail(Errc::Data, "a section header without byte-order magic");
        const unsigned major = order_.u16(head.data() + 8);
        if (major != 1)
            return fail(Errc::Data, "pcapng version " + std::to_string(major) + "; 1 is known");
        const std::uint32_t length = order_.u32(head.data());
        if (length < kFrame + 16 || length % 4 != 0)
            return fail(Errc::Data, "a section header of " + std::to_string(length) + " bytes");
        interfaces_.clear();
        return in.skip(length - 24, "a section header"); // what was read, with the type
    }

    Result<void> interface(ByteStream& in, Block& block) {
        if (block.body > kLongestInterface)
            return fail(Errc::Data, "an interface description of " + std::to_string(block.body) +
                                        " bytes; at most 65536 are read");
        if (interfaces_.size() == kMostInterfaces)
            return fail(Errc::Data, "more than 65536 interfaces in a section");
        std::array<std::uint8_t, 8> head;
        if (auto done = read(in, block, head); !done) return done;
        std::vector<std::uint8_t> options(block.body);
        if (auto done = read(in, block, options); !done) return done;
        Interface described;
        described.link_type = order_.u16(head.data());
        if (auto done = read_options(options, described); !done) return done;
        interfaces_.push_back(described);
        return {};
    }

    Result<void> read_options(std::span<const std::uint8_t> options, Interface& described) const {
        while (options.size() >= 4) {
            const std::uint16_t code = order_.u16(options.data());
            const std::size_t length = order_.u16(options.data() + 2);
            options = options.subspan(4);
            if (code == 0) break;
            if (length > options.size())
                return fail(Errc::Data, "an interface option runs past its block");
            if (code == kOptionTimeResolution && length == 1) {
                if (auto done = resolution(options[0], described); !done) return done;
            }
            if (code == kOptionTimeOffset && length == 8)
                described.offset_seconds = static_cast<std::int64_t>(order_.u64(options.data()));
            options = options.subspan(std::min(options.size(), (length + 3) / 4 * 4));
        }
        return {};
    }

    /// The highest bit tells powers of two from powers of ten.
    static Result<void> resolution(std::uint8_t value, Interface& described) {
        const unsigned exponent = value & 0x7fU;
        const bool binary = (value & 0x80U) != 0;
        if (exponent > (binary ? kFinestBinary : kFinestDecimal))
            return fail(Errc::Data, "a time resolution of " + std::string(binary ? "2^-" : "10^-") +
                                        std::to_string(exponent) + " s; too fine");
        described.units_per_second = 1;
        for (unsigned i = 0; i < exponent; ++i)
            described.units_per_second *= binary ? 2 : 10;
        return {};
    }

    Result<void> enhanced(ByteStream& in, Block& block, Packet& packet) {
        std::array<std::uint8_t, 20> head;
        if (auto done = read(in, block, head); !done) return done;
        const std::uint32_t interface =
            block.type == kEnhancedPacket ? order_.u32(head.data()) : order_.u16(head.data());
        if (interface >= interfaces_.size())
            return fail(Errc::Data, "a packet of interface " + std::to_string(interface) +
                                        ", which is not described");
        const std::uint64_t high = order_.u32(head.data() + 4);
        packet.time = interfaces_[interface].time((high << 32U) | order_.u32(head.data() + 8));
        packet.link_type = interfaces_[interface].link_type;
        packet.original_length = order_.u32(head.data() + 16);
        return bytes(in, block, order_.u32(head.data() + 12), packet);
    }

    /// Without a time: it keeps the one of the packet before.
    Result<void> simple(ByteStream& in, Block& block, Packet& packet) {
        std::array<std::uint8_t, 4> head;
        if (auto done = read(in, block, head); !done) return done;
        if (interfaces_.empty())
            return fail(Errc::Data, "a simple packet before the first interface");
        packet.link_type = interfaces_[0].link_type;
        packet.original_length = order_.u32(head.data());
        return bytes(in, block, std::min(packet.original_length, block.body), packet);
    }

    static Result<void> bytes(ByteStream& in, Block& block, std::uint32_t captured,
                              Packet& packet) {
        if (captured > block.body)
            return fail(Errc::Data, "a packet of " + std::to_string(captured) +
                                        " bytes in a block with room for " +
                                        std::to_string(block.body));
        block.body -= captured;
        return read_packet_bytes(in, captured, packet);
    }

    ByteOrder order_;
    std::vector<Interface> interfaces_;
};

} // namespace

Result<std::unique_ptr<Format>> open_pcapng(const Magic& magic, ByteStream& in) {
    if (ByteOrder(false).u32(magic.data()) != kSectionHeader) return nullptr;
    auto format = std::make_unique<Pcapng>();
    if (auto done = format->open(in); !done) return tl::unexpected(done.error());
    return format;
}

} // namespace nlb::capture
