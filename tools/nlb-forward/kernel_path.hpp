// SPDX-License-Identifier: Apache-2.0
// The kernel datapath behind one face, so that nlb-forward is the same program where it is not
// built in.
#pragma once

#include "tables/rings.hpp"

#include "app/context.hpp"
#include "io/event_loop.hpp"

#include "contract/sets.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

struct KernelOptions {
    std::string hook = "auto"; ///< "auto", "tc" or "xdp"
    std::vector<std::string> interfaces;
    std::vector<std::string> gateways;
    std::vector<std::uint16_t> host_ports;
    std::uint64_t most_flows = 1U << 20U; ///< entries of each table, two a flow
    std::uint64_t new_flows = 0;          ///< a second; 0: any number
};

struct KernelPath {
    /// Takes sets that belong together, as proxy::Proxy::apply; returns the same sets with the
    /// lines of those listeners only that sockets must serve.
    std::function<std::vector<nlb::contract::Set>(std::span<const nlb::contract::Set>, bool)> apply;
    /// Of the listeners that packets are forwarded for.
    std::function<std::vector<nlb::contract::ListenerState>()> listener_states;
    std::function<std::vector<nlb::contract::Counter>()> counters;
    std::function<std::vector<nlb::contract::InterfaceStatus>()> interfaces;
    std::function<std::vector<nlb::tables::RingSummary>()> rings; ///< of the packet path
};

struct KernelHandlers {
    /// Listener states as they change, and target evidence.
    std::function<void(const nlb::contract::Message&)> answer;
    std::function<void(const nlb::contract::Flow&)> on_flow; ///< empty: no records are wanted
};

/// Loads and attaches. Everything given must outlive the path. Errors: Usage, System.
nlb::Result<KernelPath> start_kernel_path(nlb::io::EventLoop& loop,
                                          const nlb::app::Context& context, const std::string& node,
                                          const std::string& zone, const KernelOptions& options,
                                          KernelHandlers handlers);
