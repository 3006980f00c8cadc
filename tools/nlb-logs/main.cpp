// SPDX-License-Identifier: Apache-2.0
// nlb-logs: writes and reads access logs.
//   in: access log files    out: entries, answers    see nlb-logs(8)
#include "commands.hpp"

int main(int argc, char** argv) {
    return nlb::app::tool_main(
        argc, argv,
        {.name = "nlb-logs",
         .summary = "Read the access logs of a load balancer",
         .commands = {cat_command()},
         .examples = {"nlb-logs cat *.log.gz | wc -l", "ssh node cat day.log.zst | nlb-logs cat -"},
         .messages = {"hello"}});
}
