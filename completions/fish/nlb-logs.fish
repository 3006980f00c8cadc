# SPDX-License-Identifier: Apache-2.0
# fish completion for nlb-logs

set -l commands cat collect bucket-policy
complete -c nlb-logs -f
complete -c nlb-logs -n "not __fish_seen_subcommand_from $commands" -a cat -d "Print the entries of files"
complete -c nlb-logs -n "not __fish_seen_subcommand_from $commands" -a collect -d "Write entries to log files"
complete -c nlb-logs -n "not __fish_seen_subcommand_from $commands" -a bucket-policy -d "Print the policy of a bucket"
complete -c nlb-logs -s h -l help -d "Print a summary of the options"
complete -c nlb-logs -s q -l quiet -d "Only errors on standard error"
complete -c nlb-logs -s v -l verbose -d "More on standard error"
complete -c nlb-logs -n "not __fish_seen_subcommand_from $commands" -l version -d "Print the version"
complete -c nlb-logs -n "not __fish_seen_subcommand_from $commands" -l schema -d "Print the messages as NDJSON"
complete -c nlb-logs -n "__fish_seen_subcommand_from cat" -F
complete -c nlb-logs -n "__fish_seen_subcommand_from collect" -l input -x -a "- unix:logs" -d "Messages and finished entries"
complete -c nlb-logs -n "__fish_seen_subcommand_from collect" -l directory -r -F -d "Log files go below"
complete -c nlb-logs -n "__fish_seen_subcommand_from collect" -l config -r -F -d "Attributes that decide"
complete -c nlb-logs -n "__fish_seen_subcommand_from collect bucket-policy" -l account -x -d "Account in file names"
complete -c nlb-logs -n "__fish_seen_subcommand_from collect bucket-policy" -l region -x -d "Region in file names"
complete -c nlb-logs -n "__fish_seen_subcommand_from collect bucket-policy" -l prefix -x -d "Folder above AWSLogs"
complete -c nlb-logs -n "__fish_seen_subcommand_from collect" -l spool -r -F -d "Where entries wait"
complete -c nlb-logs -n "__fish_seen_subcommand_from collect" -l spool-limit -x -d "Bound of the spool in MiB"
complete -c nlb-logs -n "__fish_seen_subcommand_from collect" -l sync -x -a "always never" -d "Survive a loss of power"
complete -c nlb-logs -n "__fish_seen_subcommand_from collect" -l compress -x -a "gzip zstd none" -d "Of files"
complete -c nlb-logs -n "__fish_seen_subcommand_from collect" -l form -x -a "current strict" -d "Of entries made from messages"
complete -c nlb-logs -n "__fish_seen_subcommand_from collect" -l bucket -x -d "Log files go to this bucket"
complete -c nlb-logs -n "__fish_seen_subcommand_from collect" -l endpoint -x -d "Where buckets are"
complete -c nlb-logs -n "__fish_seen_subcommand_from collect" -l path-style -d "The bucket is part of the path"
complete -c nlb-logs -n "__fish_seen_subcommand_from collect" -l create-bucket -d "Make a bucket that does not exist"
complete -c nlb-logs -n "__fish_seen_subcommand_from collect" -l sse -x -a "AES256 aws:kms" -d "Server-side encryption"
complete -c nlb-logs -n "__fish_seen_subcommand_from collect" -l sse-kms-key-id -x -d "Customer key"
complete -c nlb-logs -n "__fish_seen_subcommand_from bucket-policy" -l principal -x -d "Who delivers"
complete -c nlb-logs -n "__fish_seen_subcommand_from bucket-policy" -l key -d "The policy of the KMS key"
