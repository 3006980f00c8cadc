// SPDX-License-Identifier: Apache-2.0
// nlb-logs: writes and reads access logs.
//   in: tls-connection, entries, log files    out: log files, ack, answers    see nlb-logs(8)
#include "commands.hpp"

int main(int argc, char** argv) {
    return nlb::app::tool_main(
        argc, argv,
        {.name = "nlb-logs",
         .summary = "Write and read the access logs of a load balancer",
         .commands = {cat_command(), query_command(), sql_command(), top_command(), hist_command(),
                      timeline_command(), slow_command(), tls_command(), errors_command(),
                      stats_command(), tail_command(), convert_command(), schema_command(),
                      collect_command(), bucket_policy_command(), replay_command()},
         .examples =
             {"nlb-logs collect --input unix:logs --directory /var/log/nlb",
              "nlb-logs cat *.log.gz | wc -l", "nlb-logs top clients --since 1h /var/log/nlb",
              "nlb-logs query --since 2h --group-by tls_cipher --order-by 'count desc' logs",
              "nlb-logs sql 'select client_ip, count(*) from logs group by client_ip' logs",
              "nlb-logs replay node.pcap --config nlb.toml"},
         .messages = {"hello", "tls-connection", "flow", "ack", "counter"}});
}
