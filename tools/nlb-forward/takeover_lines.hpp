// SPDX-License-Identifier: Apache-2.0
// The lines of --takeover: between messages, places and text.
#pragma once

#include "proxy/listening.hpp"

#include "base/time.hpp"
#include "contract/messages.hpp"

#include <string>
#include <string_view>

namespace takeover {

/// How long the other process may keep this one waiting.
constexpr nlb::Nanos kPatience = nlb::Nanos::seconds(5);

std::string line_of(const nlb::contract::Message& message);

/// `line` without its end. Errors: Data.
nlb::Result<nlb::contract::Message> message_of(std::string_view line);

nlb::contract::ListeningSockets line_of(const nlb::proxy::ListenerPlace& place,
                                        std::size_t sockets);

/// Errors: Data.
nlb::Result<nlb::proxy::ListenerPlace> place_of(const nlb::contract::ListeningSockets& line);

} // namespace takeover
