// SPDX-License-Identifier: Apache-2.0
// The flow hash again, written from the text at the top of lib/l4/l4_hash.h and not from its code:
// slow, on digits of byte strings, without any of its functions. Tests hold the two together.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace nlb::test {

struct HashInput {
    unsigned version = 4;
    unsigned protocol = 6;
    std::vector<std::uint8_t> source;      ///< 4 or 16 bytes, network order
    std::vector<std::uint8_t> destination; ///< likewise
    unsigned source_port = 0;
    unsigned destination_port = 0;
    std::uint32_t sequence = 0;
    bool sticky = false;
};

inline std::uint64_t oracle_mix(std::uint64_t x) {
    const struct {
        unsigned shift;
        std::uint64_t factor;
    } rounds[] = {{30, 0xbf58476d1ce4e5b9ULL}, {27, 0x94d049bb133111ebULL}, {31, 1}};

    for (const auto& round : rounds)
        x = (x ^ (x / (std::uint64_t{1} << round.shift))) * round.factor;
    return x;
}

/// A big-endian number of the digits, base 256.
inline std::uint64_t oracle_number(std::span<const std::uint8_t> digits) {
    std::uint64_t value = 0;
    for (const std::uint8_t digit : digits)
        value = value * 256 + digit;
    return value;
}

inline std::uint32_t oracle_hash(const HashInput& in) {
    std::vector<std::uint8_t> bytes = in.source;
    if (in.sticky) {
        bytes.resize((bytes.size() + 7) / 8 * 8);
    } else {
        bytes.insert(bytes.end(), in.destination.begin(), in.destination.end());
        for (const unsigned port : {in.source_port, in.destination_port}) {
            bytes.push_back(static_cast<std::uint8_t>(port / 256));
            bytes.push_back(static_cast<std::uint8_t>(port % 256));
        }
        for (int power = 3; power >= 0; --power)
            bytes.push_back(static_cast<std::uint8_t>(in.sequence >> (8 * power)));
    }
    std::uint64_t h = oracle_mix(0x9e3779b97f4a7c15ULL + 256ULL * in.version + in.protocol);
    for (std::size_t at = 0; at < bytes.size(); at += 8)
        h = oracle_mix(h + oracle_number(std::span(bytes).subspan(at, 8)));
    return static_cast<std::uint32_t>(h / 0x100000000ULL);
}

inline std::uint32_t oracle_slot(std::uint32_t hash, std::uint32_t slots) {
    return hash - static_cast<std::uint32_t>(hash / slots) * slots;
}

} // namespace nlb::test
