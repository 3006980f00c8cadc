// SPDX-License-Identifier: Apache-2.0
// nlb-policy: merges the configuration with health and says who may take traffic.
//   in: nlb.toml, target-health    out: target-set, route-set    see nlb-policy(8), nlb-messages(7)
#include "commands.hpp"

int main(int argc, char** argv) {
    using namespace nlb::policy;
    return nlb::app::tool_main(
        argc, argv,
        {.name = "nlb-policy",
         .summary = "Decide which targets are checked and which may take traffic",
         .commands = {check_command(), show_command(), targets_command(), routes_command(),
                      run_command(), zonal_shift_command(), plan_command(), rings_command(),
                      explain_command(), doctor_command()},
         .examples = {"nlb-policy check nlb.toml", "nlb-policy targets nlb.toml | nlb-health once",
                      "nlb-health run | nlb-policy routes nlb.toml --health -",
                      "nlb-policy run nlb.toml"},
         .messages = {"hello",
                      "snapshot-request",
                      "set-begin",
                      "set-end",
                      "target-group",
                      "target",
                      "listener",
                      "routing",
                      "route",
                      "target-health",
                      "listener-state",
                      "route-applied",
                      "target-evidence",
                      "heartbeat",
                      "request",
                      "answer",
                      "zonal-shift",
                      "deregistration",
                      "peer",
                      "vote",
                      "dns-zone",
                      "advice"}});
}
