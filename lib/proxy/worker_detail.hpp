// SPDX-License-Identifier: Apache-2.0
// What the parts of Worker share: the tokens that epoll hands back besides those of connections.
#pragma once

#include <cstdint>

namespace nlb::proxy {

constexpr std::uint64_t kListenerBit = std::uint64_t{1} << 62U; ///< with the slot below it
constexpr std::uint64_t kBellToken = std::uint64_t{1} << 61U;

} // namespace nlb::proxy
