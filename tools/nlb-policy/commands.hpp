// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/tool.hpp"

namespace nlb::policy {

app::Command check_command();
app::Command show_command();
app::Command targets_command();
app::Command routes_command();
app::Command run_command();
app::Command zonal_shift_command();
app::Command plan_command();
app::Command rings_command();
app::Command explain_command();
app::Command doctor_command();

} // namespace nlb::policy
