# SPDX-License-Identifier: Apache-2.0
# fish completion for nlb-forward(8)

complete -c nlb-forward -f
complete -c nlb-forward -s h -l help -d 'Print help and exit'
complete -c nlb-forward -s q -l quiet -d 'Only errors on standard error'
complete -c nlb-forward -s v -l verbose -d 'Debug messages on standard error'
complete -c nlb-forward -n __fish_use_subcommand -l version -d 'Print the version and exit'
complete -c nlb-forward -n __fish_use_subcommand -l schema -d 'Print the messages of this tool'
complete -c nlb-forward -n __fish_use_subcommand -a run -d 'Forward connections through sockets'
complete -c nlb-forward -n __fish_use_subcommand -a replay -d 'Decide every packet of a capture'
complete -c nlb-forward -n __fish_use_subcommand -a flows -d 'List the flows of a kernel datapath'
complete -c nlb-forward -n __fish_use_subcommand -a detach -d 'Take the kernel datapath away'

set -l run '__fish_seen_subcommand_from run'
complete -c nlb-forward -n $run -l input -r -F -d 'Route-sets: -, a file or unix:NAME'
complete -c nlb-forward -n $run -l records -r -F -d 'Flow and counter lines: -, a file or unix:NAME'
complete -c nlb-forward -n $run -l zone -x -d 'Serve only this Availability Zone'
complete -c nlb-forward -n $run -l node -x -d 'Name of this node'
complete -c nlb-forward -n $run -s j -l threads -x -d 'Worker threads'
complete -c nlb-forward -n $run -l connect-timeout -x -d 'Seconds a target has to answer'
complete -c nlb-forward -n $run -l drain-timeout -x -d 'Seconds connections have to end after SIGTERM'
complete -c nlb-forward -n $run -l counters-interval -x -d 'Seconds between counter lines'
complete -c nlb-forward -n $run -l datapath -x -a 'proxy kernel' -d 'What carries the traffic'
complete -c nlb-forward -n $run -l interface -x -a '(__fish_print_interfaces)' -d 'Interface of clients or targets'
complete -c nlb-forward -n $run -l hook -x -a 'auto tc xdp' -d 'Where packets are met'
complete -c nlb-forward -n $run -l internet-gateway -x -a '(__fish_print_interfaces)' -d 'Interface of the internet gateway'
complete -c nlb-forward -n $run -l flow-table -x -d 'Entries of the flow tables'
complete -c nlb-forward -n $run -l new-flow-rate -x -d 'New flows a second'

set -l flows '__fish_seen_subcommand_from flows'
complete -c nlb-forward -n $flows -l node -x -d 'Name of the node'
complete -c nlb-forward -n $flows -l json -d 'One JSON object a flow'
complete -c nlb-forward -n $flows -a 'state src dst target listener' -d 'Filter'

set -l detach '__fish_seen_subcommand_from detach'
complete -c nlb-forward -n $detach -l node -x -d 'Name of the node'

set -l replay '__fish_seen_subcommand_from replay'
complete -c nlb-forward -n $replay -F
complete -c nlb-forward -n $replay -l config -r -F -d 'nlb.toml'
complete -c nlb-forward -n $replay -l health -r -F -d 'Target-health lines'
complete -c nlb-forward -n $replay -l zone -x -d 'Only the node of this Availability Zone'
complete -c nlb-forward -n $replay -s w -l write -r -F -d 'Forwarded packets and resets'
complete -c nlb-forward -n $replay -l engine -x -a 'user tc xdp' -d 'Where packets are decided'
complete -c nlb-forward -n $replay -s c -l count -x -d 'Stop after so many packets'
