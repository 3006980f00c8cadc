# SPDX-License-Identifier: Apache-2.0
# fish completion for nlb-logs

set -l commands cat
complete -c nlb-logs -f
complete -c nlb-logs -n "not __fish_seen_subcommand_from $commands" -a cat -d "Print the entries of files"
complete -c nlb-logs -s h -l help -d "Print a summary of the options"
complete -c nlb-logs -s q -l quiet -d "Only errors on standard error"
complete -c nlb-logs -s v -l verbose -d "More on standard error"
complete -c nlb-logs -n "not __fish_seen_subcommand_from $commands" -l version -d "Print the version"
complete -c nlb-logs -n "not __fish_seen_subcommand_from $commands" -l schema -d "Print the messages as NDJSON"
complete -c nlb-logs -n "__fish_seen_subcommand_from $commands" -F
