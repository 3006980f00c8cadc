// SPDX-License-Identifier: Apache-2.0
#include "proxy/troubles.hpp"

namespace nlb::proxy {

namespace {

constexpr Nanos kQuiet = Nanos::seconds(3600);
constexpr std::size_t kMostTold = 10'000;

std::string text_of(End why, const FlowLabel& label) {
    const std::string target =
        "target " + label.target.value + " of " + label.listener->group.value;
    switch (why) {
    case End::Hairpin: // [p.91]
        return target + " connects to itself through " + label.listener->address.text() +
               " and is reset: with preserve_client_ip it would get its own address as its "
               "client's; turn that off for the group";
    case End::FlowCollision: // [p.44, p.91]
        return target + ": a client's address and port lead there already, through another node "
                        "or listener or directly; the new connection is reset: turn cross-zone "
                        "load balancing or preserve_client_ip off";
    case End::PortAllocation: // [p.43]
        return target + ": no source port of the node's address is left; connections are reset: "
                        "register more targets";
    default: // [p.43]
        return target + " does not answer connections that carry their clients' addresses: its "
                        "replies must come back through this node, and it must not be a node or "
                        "an endpoint of a load balancer";
    }
}

} // namespace

bool is_trouble(End why, bool is_preserved) {
    switch (why) {
    case End::Hairpin:
    case End::FlowCollision:
    case End::PortAllocation: return true;
    case End::TargetTimeout: return is_preserved;
    default: return false;
    }
}

std::optional<std::string> Troubles::note(const Trouble& trouble, Nanos now) {
    const Key key{trouble.why, {trouble.label->listener->group, trouble.label->target}};
    const auto it = told_.find(key);
    if (it != told_.end() && now < it->second.at + kQuiet) {
        ++it->second.since;
        return std::nullopt;
    }
    std::string text = text_of(trouble.why, *trouble.label);
    if (it != told_.end() && it->second.since != 0)
        text += " (and " + std::to_string(it->second.since) + " since this was last said)";
    told_[key] = {now, 0};
    if (told_.size() > kMostTold) forget_old(now);
    return text;
}

void Troubles::forget_old(Nanos now) {
    std::erase_if(told_, [&](const auto& one) { return one.second.at + kQuiet <= now; });
    if (told_.size() > kMostTold) told_.clear();
}

} // namespace nlb::proxy
