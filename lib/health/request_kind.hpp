// SPDX-License-Identifier: Apache-2.0
// Is a connection to a target a check or a client's? The rules are those of observer.hpp.
#pragma once

#include "health/settings.hpp"

#include <string_view>

namespace nlb::health {

enum class RequestKind : std::uint8_t { Undecided, Check, Client };

/// By its two ends alone: whether it goes to where checks, and to where traffic goes.
RequestKind kind_by_ends(const CheckSettings& settings, bool to_check, bool to_traffic,
                         const IpAddress& client);

/// By what the client has sent so far, and whether it has ended its direction.
RequestKind kind_by_request(const CheckSettings& settings, std::string_view bytes, bool ended);

} // namespace nlb::health
