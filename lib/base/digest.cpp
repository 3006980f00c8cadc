// SPDX-License-Identifier: Apache-2.0
#include "base/digest.hpp"

#include "base/check.hpp"

#include <openssl/evp.h>

#include <cinttypes>
#include <cstdio>

namespace nlb {

std::array<std::uint8_t, 32> sha256(std::string_view data) {
    std::array<std::uint8_t, 32> out{};
    unsigned length = 0;
    NLB_CHECK(EVP_Digest(data.data(), data.size(), out.data(), &length, EVP_sha256(), nullptr) ==
              1);
    return out;
}

std::string sha256_hex(std::string_view data, std::size_t bytes) {
    const auto digest = sha256(data);
    NLB_CHECK(bytes <= digest.size());
    std::string out;
    for (std::size_t i = 0; i < bytes; ++i) {
        char hex[3];
        std::snprintf(hex, sizeof hex, "%02x", digest[i]);
        out += hex;
    }
    return out;
}

std::array<std::uint8_t, 32> hmac_sha256(std::string_view key, std::string_view data) {
    constexpr std::size_t kBlock = 64;
    const auto text_of = [](const std::array<std::uint8_t, 32>& bytes) {
        return std::string(bytes.begin(), bytes.end());
    };
    std::string padded = key.size() > kBlock ? text_of(sha256(key)) : std::string(key);
    padded.resize(kBlock);
    const auto masked = [&](unsigned mask) {
        std::string out;
        for (const char c : padded)
            out += static_cast<char>(static_cast<unsigned char>(c) ^ mask);
        return out;
    };
    return sha256(masked(0x5cU) + text_of(sha256(masked(0x36U) + std::string(data))));
}

std::string hex64(std::uint64_t value) {
    char hex[17];
    std::snprintf(hex, sizeof hex, "%016" PRIx64, value);
    return hex;
}

} // namespace nlb
