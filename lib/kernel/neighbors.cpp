// SPDX-License-Identifier: Apache-2.0
#include "kernel/neighbors.hpp"

#include "kernel/netlink.hpp"

#include <linux/neighbour.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace nlb::kernel {

Result<void> use(const Neighbor& neighbor) {
    const auto bytes = neighbor.address.bytes();
    ndmsg header{};
    header.ndm_family = neighbor.address.is_v4() ? AF_INET : AF_INET6;
    header.ndm_ifindex = static_cast<int>(neighbor.interface);
    header.ndm_flags = NTF_USE;
    header.ndm_state = NUD_NONE;
    NetlinkRequest request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_ACK, header);
    request.add(NDA_DST, bytes.data(), bytes.size());
    const auto answer = ask(request);
    if (!answer) return tl::unexpected<Error>(answer.error());
    return {};
}

std::optional<Neighbor> stale_of(std::span<const std::uint8_t> message) {
    ndmsg header{};
    if (message.size() < NLMSG_HDRLEN + sizeof header) return std::nullopt;
    std::memcpy(&header, message.data() + NLMSG_HDRLEN, sizeof header);
    if (header.ndm_state != NUD_STALE) return std::nullopt;
    const auto attributes = message.subspan(NLMSG_HDRLEN + NLMSG_ALIGN(sizeof header));
    const auto address = attribute(attributes, NDA_DST);
    if (address.size() != 4 && address.size() != 16) return std::nullopt;
    return Neighbor{static_cast<unsigned>(header.ndm_ifindex), IpAddress::from_bytes(address)};
}

Result<std::vector<Neighbor>> stale_neighbors(std::span<const unsigned> interfaces) {
    const auto messages = ask_all(NetlinkRequest(RTM_GETNEIGH, NLM_F_DUMP, ndmsg{}));
    if (!messages) return tl::unexpected<Error>(messages.error());
    std::vector<Neighbor> found;
    for (const auto& message : *messages) {
        const auto neighbor = stale_of(message);
        if (neighbor && std::find(interfaces.begin(), interfaces.end(), neighbor->interface) !=
                            interfaces.end())
            found.push_back(*neighbor);
    }
    return found;
}

} // namespace nlb::kernel
