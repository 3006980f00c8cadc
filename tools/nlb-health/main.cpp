// SPDX-License-Identifier: Apache-2.0
// nlb-health: checks targets and reports their health.
//   in: target-set    out: target-health    see nlb-health(8), nlb-messages(7)
#include "commands.hpp"

int main(int argc, char** argv) {
    return nlb::app::tool_main(
        argc, argv,
        {.name = "nlb-health",
         .summary = "Check the targets of a load balancer and report their health",
         .commands = {run_command(), once_command(), status_command(), watch_command(),
                      replay_command()},
         .examples = {"nlb-policy targets nlb.toml | nlb-health once",
                      "nlb-policy targets nlb.toml | nlb-health run | tee health.ndjson",
                      "nlb-health run --input unix:policy", "nlb-health status --summary",
                      "nlb-policy targets nlb.toml | nlb-health replay night.pcap.gz",
                      "nlb-health watch --exec 'logger \"$NLB_TARGET is $NLB_STATE\"'"},
         .messages = {"hello", "snapshot-request", "set-begin", "set-end", "target-group", "target",
                      "target-health", "heartbeat", "target-evidence", "check-result", "time"}});
}
