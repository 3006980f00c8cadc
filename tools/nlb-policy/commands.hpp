// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/tool.hpp"

namespace nlb::policy {

app::Command targets_command();
app::Command routes_command();
app::Command run_command();

} // namespace nlb::policy
