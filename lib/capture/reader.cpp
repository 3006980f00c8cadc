// SPDX-License-Identifier: Apache-2.0
#include "capture/formats.hpp"

#include "base/text.hpp"

namespace nlb::capture {

Result<void> read_packet_bytes(ByteStream& in, std::uint32_t captured, Packet& packet) {
    if (captured > kLongestPacket)
        return fail(Errc::Data, "a packet of " + std::to_string(captured) +
                                    " captured bytes; at most " + std::to_string(kLongestPacket) +
                                    " are read");
    packet.bytes = {};
    if (captured == 0) return {};
    auto bytes = in.take(captured, "a packet");
    if (!bytes) return tl::unexpected(bytes.error());
    if (*bytes == nullptr) return fail(Errc::Data, "the file ends before a packet's bytes");
    packet.bytes = {*bytes, captured};
    return {};
}

Result<Reader> Reader::open(compress::ByteSource source) {
    ByteStream in(std::move(source));
    Magic magic{};
    auto got = in.read(magic, "the magic number");
    if (!got) return tl::unexpected(got.error());
    if (!*got) return fail(Errc::Data, "the file is empty; pcap or pcapng is expected");
    for (const auto& open : {open_pcap, open_pcapng}) {
        auto format = open(magic, in);
        if (!format) return tl::unexpected(format.error());
        if (*format) return Reader(std::move(in), std::move(*format));
    }
    return fail(Errc::Data, "neither pcap nor pcapng: it begins with " +
                                in_quotes({reinterpret_cast<const char*>(magic.data()), 4}));
}

Result<const Packet*> Reader::next() {
    auto got = format_->next(in_, packet_);
    if (!got) return forward(got.error(), "packet " + std::to_string(packet_.number + 1));
    if (!*got) return nullptr;
    ++packet_.number;
    return &packet_;
}

} // namespace nlb::capture
