// SPDX-License-Identifier: Apache-2.0
// The table messages.def as text: what --schema prints and what nlb-messages(7) is checked against.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace nlb::contract {

/// One NDJSON object per message: type, meaning, members with type, presence and meaning. With
/// `only` not empty just those messages, in table order.
std::string schema(std::span<const std::string_view> only = {});

} // namespace nlb::contract
