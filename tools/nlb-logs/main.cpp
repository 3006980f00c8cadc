// SPDX-License-Identifier: Apache-2.0
// nlb-logs: writes and reads access logs.
//   in: tls-connection, entries, log files    out: log files, ack, answers    see nlb-logs(8)
#include "commands.hpp"

int main(int argc, char** argv) {
    return nlb::app::tool_main(
        argc, argv,
        {.name = "nlb-logs",
         .summary = "Write and read the access logs of a load balancer",
         .commands = {cat_command(), collect_command(), bucket_policy_command(), replay_command()},
         .examples = {"nlb-logs collect --input unix:logs --directory /var/log/nlb",
                      "nlb-logs cat *.log.gz | wc -l", "ssh node cat day.log.zst | nlb-logs cat -",
                      "nlb-logs replay node.pcap --config nlb.toml"},
         .messages = {"hello", "tls-connection", "ack"}});
}
