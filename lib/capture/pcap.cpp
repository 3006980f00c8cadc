// SPDX-License-Identifier: Apache-2.0
#include "capture/formats.hpp"

#include "base/text.hpp"

namespace nlb::capture {

namespace {

constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr std::uint32_t kNanoseconds = 0xa1b23c4d;

class Pcap final : public Format {
  public:
    Pcap(ByteOrder order, bool nanoseconds, std::uint16_t link_type)
        : order_(order), unit_ns_(nanoseconds ? 1 : 1000), link_type_(link_type) {}

    Result<bool> next(ByteStream& in, Packet& packet) override {
        auto got = in.take(16, "a packet header");
        if (!got) return tl::unexpected(got.error());
        const std::uint8_t* header = *got;
        if (header == nullptr) return false;
        packet.time = {std::int64_t{order_.u32(header)} * 1'000'000'000 +
                       std::int64_t{order_.u32(header + 4)} * unit_ns_};
        packet.link_type = link_type_;
        packet.original_length = order_.u32(header + 12);
        auto done = read_packet_bytes(in, order_.u32(header + 8), packet);
        if (!done) return tl::unexpected(done.error());
        return true;
    }

  private:
    ByteOrder order_;
    std::int64_t unit_ns_;
    std::uint16_t link_type_;
};

} // namespace

Result<std::unique_ptr<Format>> open_pcap(const Magic& magic, ByteStream& in) {
    for (const bool big_endian : {false, true}) {
        const ByteOrder order(big_endian);
        const std::uint32_t number = order.u32(magic.data());
        if (number != kMicroseconds && number != kNanoseconds) continue;
        std::array<std::uint8_t, 20> header;
        auto got = in.read(header, "the pcap file header");
        if (!got) return tl::unexpected(got.error());
        if (!*got) return fail(Errc::Data, "the file ends after the magic number of a pcap file");
        const unsigned major = order.u16(header.data());
        if (major != 2)
            return fail(Errc::Data, "pcap version " + std::to_string(major) + "; 2 is known");
        // The upper half of the last word tells about frame check sequences.
        const auto link = static_cast<std::uint16_t>(order.u32(header.data() + 16));
        return std::make_unique<Pcap>(order, number == kNanoseconds, link);
    }
    return nullptr;
}

} // namespace nlb::capture
