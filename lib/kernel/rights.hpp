// SPDX-License-Identifier: Apache-2.0
// capabilities(7) of the kernel datapath: what it cannot do without, and what it keeps.
#pragma once

#include "base/result.hpp"

namespace nlb::kernel {

/// Errors: System, naming the capability that is missing.
Result<void> check_rights();

/// Gives up what is not needed once everything is loaded and attached: of the calling thread and
/// those it starts, which neither they nor programs they run get back. Kept: what later changes of
/// the tables need (CAP_BPF, CAP_NET_ADMIN), and CAP_NET_BIND_SERVICE for listeners that sockets
/// serve. Errors: System.
Result<void> drop_rights();

} // namespace nlb::kernel
