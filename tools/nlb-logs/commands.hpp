// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/tool.hpp"

nlb::app::Command cat_command();
nlb::app::Command collect_command();
nlb::app::Command bucket_policy_command();
nlb::app::Command replay_command();
