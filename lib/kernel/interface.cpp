// SPDX-License-Identifier: Apache-2.0
#include "kernel/interface.hpp"

#include "kernel/netlink.hpp"

#include "io/fd.hpp"

#include "base/text.hpp"

#include <linux/if_link.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <cstring>

namespace nlb::kernel {

namespace {

/// Is net.FAMILY.conf.NAME.SETTING on?
bool is_on(const std::string& family, const std::string& name, const std::string& setting) {
    const auto text =
        io::read_file("/proc/sys/net/" + family + "/conf/" + name + "/" + setting, 16);
    return text && text->starts_with("1");
}

} // namespace

Result<Interface> find_interface(const std::string& name) {
    Interface found;
    found.name = name;
    found.index = ::if_nametoindex(name.c_str());
    if (found.index == 0)
        return fail(Errc::Usage, "--interface " + in_quotes(name) + ": there is no such interface");
    ifinfomsg header{};
    header.ifi_index = static_cast<int>(found.index);
    const auto answer = ask(NetlinkRequest(RTM_GETLINK, 0, header));
    if (!answer) return forward(answer.error(), "interface " + in_quotes(name));
    if (answer->size() < NLMSG_HDRLEN + sizeof header)
        return fail(Errc::System, "interface " + in_quotes(name) + ": a short answer");
    std::memcpy(&header, answer->data() + NLMSG_HDRLEN, sizeof header);
    found.is_ethernet = header.ifi_type == ARPHRD_ETHER;
    const auto attributes = std::span(*answer).subspan(NLMSG_HDRLEN + NLMSG_ALIGN(sizeof header));
    const auto kind = attribute(attribute(attributes, IFLA_LINKINFO), IFLA_INFO_KIND);
    for (const std::uint8_t c : kind) {
        if (c != 0) found.kind += static_cast<char>(c);
    }
    found.forwards_v4 = is_on("ipv4", name, "forwarding");
    found.forwards_v6 = is_on("ipv6", name, "forwarding");
    found.accepts_local =
        is_on("ipv4", name, "accept_local") || is_on("ipv4", "all", "accept_local");
    return found;
}

} // namespace nlb::kernel
