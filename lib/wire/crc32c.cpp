// SPDX-License-Identifier: Apache-2.0
#include "wire/crc32c.hpp"

#include <array>

namespace nlb::wire {

namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78; // 0x1edc6f41, lowest bit first

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
        std::uint32_t rest = byte;
        for (int bit = 0; bit < 8; ++bit)
            rest = rest >> 1U ^ ((rest & 1U) != 0 ? kPolynomial : 0U);
        table[byte] = rest;
    }
    return table;
}

constexpr auto kTable = make_table();

} // namespace

std::uint32_t crc32c(std::string_view bytes) {
    std::uint32_t sum = ~std::uint32_t{0};
    for (const char c : bytes)
        sum = sum >> 8U ^ kTable[(sum ^ static_cast<std::uint8_t>(c)) & 0xffU];
    return ~sum;
}

} // namespace nlb::wire
