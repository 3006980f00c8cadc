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

std::string hex64(std::uint64_t value) {
    char hex[17];
    std::snprintf(hex, sizeof hex, "%016" PRIx64, value);
    return hex;
}

} // namespace nlb
