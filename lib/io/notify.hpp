// SPDX-License-Identifier: Apache-2.0
// Telling the service manager how far this process is [sd_notify(3)]. Without NOTIFY_SOCKET in the
// environment, which only a service manager sets, nothing happens.
#pragma once

#include "io/fd.hpp"

#include <string_view>

namespace nlb::io {

/// Sends e.g. "READY=1". Errors: System when there is a socket that cannot be told.
Result<void> notify_service_manager(std::string_view state);

} // namespace nlb::io
