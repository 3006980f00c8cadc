// SPDX-License-Identifier: Apache-2.0
// nlb-forward: accept flows and forward them to targets; decide the packets of a capture.
//   in: route-set     out: listener-state, route-applied, flow, counter     see nlb-forward(8)
#include "commands.hpp"

int main(int argc, char** argv) {
    return nlb::app::tool_main(
        argc, argv,
        {.name = "nlb-forward",
         .summary = "Accept flows and forward them to the targets of a route-set",
         .commands = {run_command(), status_command(), flows_command(), replay_command(),
                      detach_command(), proxy_header_command()},
         .examples = {"nlb-policy routes nlb.toml --health - < health.ndjson | nlb-forward run",
                      "nlb-forward run --input unix:policy --zone zone-a --records flows.ndjson",
                      "nlb-forward run --input unix:policy --datapath kernel --interface eth0",
                      "nlb-forward status", "nlb-forward flows state established",
                      "nlb-forward replay in.pcap --config nlb.toml -w out.pcap",
                      "nlb-forward replay in.pcap --config nlb.toml --summary tcp port 80",
                      "nlb-forward proxy-header decode < stream"},
         .messages = {"hello", "snapshot-request", "set-begin", "set-end", "listener", "routing",
                      "route", "target-health", "time", "listener-state", "route-applied", "flow",
                      "target-evidence", "counter", "forwarder", "listener-status", "target-status",
                      "interface-status", "live-flow"}});
}
