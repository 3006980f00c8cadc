// SPDX-License-Identifier: Apache-2.0
// What the parts of Worker share: the tokens that epoll hands back besides those of connections.
#pragma once

#include <cerrno>
#include <cstdint>

namespace nlb::proxy {

constexpr std::uint64_t kListenerBit = std::uint64_t{1} << 62U; ///< with the slot below it
constexpr std::uint64_t kBellToken = std::uint64_t{1} << 61U;

/// The process or the kernel has no more to give, for now.
inline bool is_exhaustion(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

} // namespace nlb::proxy
