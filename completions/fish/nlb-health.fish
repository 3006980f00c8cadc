# SPDX-License-Identifier: Apache-2.0
# fish completion for nlb-health

set -l commands run once status watch replay
complete -c nlb-health -f
complete -c nlb-health -n "not __fish_seen_subcommand_from $commands" -a run -d "Check for ever and report changes"
complete -c nlb-health -n "not __fish_seen_subcommand_from $commands" -a once -d "Check a single time"
complete -c nlb-health -n "not __fish_seen_subcommand_from $commands" -a status -d "Show the health of every target"
complete -c nlb-health -n "not __fish_seen_subcommand_from $commands" -a watch -d "Run a command on each change"
complete -c nlb-health -n "not __fish_seen_subcommand_from $commands" -a replay -d "Tell what a capture shows"
complete -c nlb-health -n "__fish_seen_subcommand_from replay" -l targets -r -F -d "Target-sets"
complete -c nlb-health -n "__fish_seen_subcommand_from replay" -F
complete -c nlb-health -s h -l help -d "Print a summary of the options"
complete -c nlb-health -s q -l quiet -d "Only errors on standard error"
complete -c nlb-health -s v -l verbose -d "More on standard error"
complete -c nlb-health -n "not __fish_seen_subcommand_from $commands" -l version -d "Print the version"
complete -c nlb-health -n "not __fish_seen_subcommand_from $commands" -l schema -d "Print the messages as NDJSON"
complete -c nlb-health -n "__fish_seen_subcommand_from run" -l input -r -F -a "unix:policy" -d "Where target-sets come from"
complete -c nlb-health -n "__fish_seen_subcommand_from run status watch" -l node -x -d "Name of the node"
complete -c nlb-health -n "__fish_seen_subcommand_from run" -l zone -x -d "Availability Zone of the node"
complete -c nlb-health -n "__fish_seen_subcommand_from run once" -l scripts -r -F -d "Folder of scripts"
complete -c nlb-health -n "__fish_seen_subcommand_from status watch" -l input -r -F -d "Where target-health comes from"
complete -c nlb-health -n "__fish_seen_subcommand_from status" -l summary -d "Totals for each state, by group"
complete -c nlb-health -n "__fish_seen_subcommand_from status" -l watch -d "Then print every change"
complete -c nlb-health -n "__fish_seen_subcommand_from watch" -l exec -x -d "Shell command"
complete -c nlb-health -n "__fish_seen_subcommand_from once status replay" -l json -d "One JSON object a line"
complete -c nlb-health -n "__fish_seen_subcommand_from once" -F
