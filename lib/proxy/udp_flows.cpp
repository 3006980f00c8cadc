// SPDX-License-Identifier: Apache-2.0
#include "proxy/udp_flows.hpp"

#include "base/check.hpp"

namespace nlb::proxy {

UdpFlow& UdpFlows::open(std::uint32_t listener, const UdpAddress& client, std::uint32_t socket,
                        const UdpAddress& target) {
    NLB_CHECK(!is_full());
    UdpFlow& flow = flows_.take();
    flow.client = client;
    flow.target = target;
    flow.listener = listener;
    flow.socket = socket;
    by_client_.insert(key(listener, client), flow.index);
    by_target_.insert(key(socket, target), flow.index);
    return flow;
}

void UdpFlows::close(UdpFlow& flow) {
    by_client_.erase(key(flow.listener, flow.client));
    by_target_.erase(key(flow.socket, flow.target));
    flows_.give_back(flow);
}

} // namespace nlb::proxy
