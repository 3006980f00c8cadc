// SPDX-License-Identifier: Apache-2.0
// Digests. SHA-256 comes from libcrypto (this folder is its one door for digests); FNV-1a is the
// cheap check on streams and sets, against loss and reordering, not against an attacker.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace nlb {

std::array<std::uint8_t, 32> sha256(std::string_view data);

/// Lower-case hex of the first `bytes` bytes of sha256(data); `bytes` at most 32.
std::string sha256_hex(std::string_view data, std::size_t bytes);

/// HMAC-SHA-256 [RFC 2104].
std::array<std::uint8_t, 32> hmac_sha256(std::string_view key, std::string_view data);

/// FNV-1a, 64 bits; chain by passing the previous value.
constexpr std::uint64_t kFnvStart = 0xcbf29ce484222325ULL;

constexpr std::uint64_t fnv1a(std::string_view data, std::uint64_t hash = kFnvStart) {
    for (const char c : data) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3ULL;
    }
    return hash;
}

/// 16 lower-case hex digits.
std::string hex64(std::uint64_t value);

} // namespace nlb
