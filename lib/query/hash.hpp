// SPDX-License-Identifier: Apache-2.0
// A fast hash of short byte strings, for tables inside one process.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace nlb::query {

inline std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

inline std::uint64_t hash_of(std::string_view bytes) {
    constexpr std::uint64_t kA = 0x9e3779b97f4a7c15ULL; // the golden ratio, and another odd number
    constexpr std::uint64_t kB = 0xe7037ed1a0b428dbULL;
    std::uint64_t hash = bytes.size() * kA;
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, 8);
        hash = mixed(hash ^ word, kB);
    }
    std::uint64_t word = 0;
    if (left > 0) std::memcpy(&word, at, left);
    return mixed(hash ^ word, kA) ^ (hash >> 32U);
}

} // namespace nlb::query
