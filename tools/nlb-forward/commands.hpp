// SPDX-License-Identifier: Apache-2.0
// The commands of nlb-forward, one file each.
#pragma once

#include "app/tool.hpp"

nlb::app::Command detach_command();
nlb::app::Command flows_command();
nlb::app::Command proxy_header_command();
nlb::app::Command replay_command();
nlb::app::Command run_command();
nlb::app::Command status_command();
