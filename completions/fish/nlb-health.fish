# SPDX-License-Identifier: Apache-2.0
# fish completion for nlb-health

set -l commands run once
complete -c nlb-health -f
complete -c nlb-health -n "not __fish_seen_subcommand_from $commands" -a run -d "Check for ever and report changes"
complete -c nlb-health -n "not __fish_seen_subcommand_from $commands" -a once -d "Check a single time"
complete -c nlb-health -s h -l help -d "Print a summary of the options"
complete -c nlb-health -s q -l quiet -d "Only errors on standard error"
complete -c nlb-health -s v -l verbose -d "More on standard error"
complete -c nlb-health -n "not __fish_seen_subcommand_from $commands" -l version -d "Print the version"
complete -c nlb-health -n "not __fish_seen_subcommand_from $commands" -l schema -d "Print the messages as NDJSON"
complete -c nlb-health -n "__fish_seen_subcommand_from run" -l input -r -F -a "unix:policy" -d "Where target-sets come from"
complete -c nlb-health -n "__fish_seen_subcommand_from run" -l node -x -d "Name of the node"
complete -c nlb-health -n "__fish_seen_subcommand_from run" -l zone -x -d "Availability Zone of the node"
complete -c nlb-health -n "__fish_seen_subcommand_from run once" -l scripts -r -F -d "Folder of scripts"
complete -c nlb-health -n "__fish_seen_subcommand_from once" -l json -d "Print target-health messages"
complete -c nlb-health -n "__fish_seen_subcommand_from once" -F
