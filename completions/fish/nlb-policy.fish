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
complete -c nlb-policy -n __fish_use_subcommand -a zonal-shift -d 'Move traffic away from a zone'

complete -c nlb-policy -n '__fish_seen_subcommand_from show' -l json -d 'One JSON object'
complete -c nlb-policy -n '__fish_seen_subcommand_from targets' -l zone -x -d 'Zone that checks'
complete -c nlb-policy -n '__fish_seen_subcommand_from routes' -l health -r -F -d 'Health: a file or -'
complete -c nlb-policy -n '__fish_seen_subcommand_from run' -l listen -x -a unix:policy -d 'Socket'
complete -c nlb-policy -n '__fish_seen_subcommand_from run' -l check -d 'Check and exit'
complete -c nlb-policy -n '__fish_seen_subcommand_from run' -l state -r -F -d 'What outlives it'
complete -c nlb-policy -n '__fish_seen_subcommand_from run' -l consensus -x -a 'majority any all' -d 'Whose checks decide'
complete -c nlb-policy -n '__fish_seen_subcommand_from zonal-shift' -f -a 'start update cancel list'
complete -c nlb-policy -n '__fish_seen_subcommand_from zonal-shift' -l zone -x -d 'Zone to move away from'
complete -c nlb-policy -n '__fish_seen_subcommand_from zonal-shift' -l expires-in -x -d '1m to 72h'
complete -c nlb-policy -n '__fish_seen_subcommand_from zonal-shift' -l comment -x -d 'Why'
complete -c nlb-policy -n '__fish_seen_subcommand_from zonal-shift' -l socket -x -a unix:policy -d 'Socket'
complete -c nlb-policy -n '__fish_seen_subcommand_from zonal-shift' -l json -d 'One JSON object a shift'
