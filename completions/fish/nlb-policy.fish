# SPDX-License-Identifier: Apache-2.0
# fish completion for nlb-policy(8)

complete -c nlb-policy -n __fish_use_subcommand -f
complete -c nlb-policy -s h -l help -d 'Print help and exit'
complete -c nlb-policy -s q -l quiet -d 'Only errors on standard error'
complete -c nlb-policy -s v -l verbose -d 'Debug messages on standard error'
complete -c nlb-policy -n __fish_use_subcommand -l version -d 'Print the version and exit'
complete -c nlb-policy -n __fish_use_subcommand -l schema -d 'Print the messages of this tool'
complete -c nlb-policy -n __fish_use_subcommand -a check -d 'Say everything that is wrong'
complete -c nlb-policy -n __fish_use_subcommand -a show -d 'Print the configuration in effect'
complete -c nlb-policy -n __fish_use_subcommand -a targets -d 'Print the target-set'
complete -c nlb-policy -n __fish_use_subcommand -a routes -d 'Print the route-set'
complete -c nlb-policy -n __fish_use_subcommand -a run -d 'Serve both on a socket'

complete -c nlb-policy -n '__fish_seen_subcommand_from show' -l json -d 'One JSON object'
complete -c nlb-policy -n '__fish_seen_subcommand_from targets' -l zone -x -d 'Zone that checks'
complete -c nlb-policy -n '__fish_seen_subcommand_from routes' -l health -r -F -d 'Health: a file or -'
complete -c nlb-policy -n '__fish_seen_subcommand_from run' -l listen -x -a unix:policy -d 'Socket'
complete -c nlb-policy -n '__fish_seen_subcommand_from run' -l check -d 'Check and exit'
