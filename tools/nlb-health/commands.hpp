// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/tool.hpp"

nlb::app::Command run_command();
nlb::app::Command once_command();
nlb::app::Command replay_command();
nlb::app::Command status_command();
nlb::app::Command watch_command();
