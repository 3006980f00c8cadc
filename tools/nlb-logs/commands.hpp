// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/tool.hpp"

nlb::app::Command cat_command();
nlb::app::Command collect_command();
nlb::app::Command bucket_policy_command();
nlb::app::Command replay_command();
nlb::app::Command query_command();
nlb::app::Command sql_command();
nlb::app::Command top_command();
nlb::app::Command hist_command();
nlb::app::Command timeline_command();
nlb::app::Command slow_command();
nlb::app::Command tls_command();
nlb::app::Command errors_command();
nlb::app::Command stats_command();
nlb::app::Command tail_command();
nlb::app::Command convert_command();
nlb::app::Command schema_command();
