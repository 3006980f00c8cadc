// SPDX-License-Identifier: Apache-2.0
// Facts about a network interface that decide how a program is attached to it.
#pragma once

#include "base/result.hpp"

#include <string>

namespace nlb::kernel {

struct Interface {
    std::string name;
    unsigned index = 0;
    bool is_ethernet = false;
    std::string kind; ///< of a virtual interface: "veth", "bridge", "tun"; hardware has none
    bool forwards_v4 = false; ///< net.ipv4.conf.NAME.forwarding
    bool forwards_v6 = false;
    bool accepts_local = false; ///< net.ipv4.conf.NAME.accept_local, or that of all
};

/// Errors: Usage when there is no such interface, System.
Result<Interface> find_interface(const std::string& name);

} // namespace nlb::kernel
