// SPDX-License-Identifier: Apache-2.0
#include "takeover_lines.hpp"

#include "contract/codec.hpp"

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace takeover {

std::string line_of(const contract::Message& message) {
    std::string line;
    contract::encode(message, 0, line);
    return line;
}

Result<contract::Message> message_of(std::string_view line) {
    contract::Decoded decoded;
    if (auto read = contract::Decoder().decode(line, decoded); !read)
        return tl::unexpected<Error>(read.error());
    return std::move(decoded.message);
}

contract::ListeningSockets line_of(const proxy::ListenerPlace& place, std::size_t sockets) {
    const bool is_udp = place.transport == proxy::Transport::Udp;
    return {place.address.address, place.address.port,
            is_udp ? model::Protocol::Udp : model::Protocol::Tcp, sockets};
}

Result<proxy::ListenerPlace> place_of(const contract::ListeningSockets& line) {
    if (line.port == 0 || line.port > 65535) return fail(Errc::Data, "a port that is none");
    return proxy::ListenerPlace{{line.address, static_cast<std::uint16_t>(line.port)},
                                line.protocol == model::Protocol::Udp ? proxy::Transport::Udp
                                                                      : proxy::Transport::Tcp};
}

} // namespace takeover
