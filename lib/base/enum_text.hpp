// SPDX-License-Identifier: Apache-2.0
// One table per enumeration between its enumerators and their published spelling. Specialise
// EnumText<E> with `names`, indexed by the enumerator's value from 0.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace nlb {

template <class E>
struct EnumText;

template <class E>
constexpr std::string_view to_text(E value) {
    return EnumText<E>::names[static_cast<std::size_t>(value)];
}

template <class E>
constexpr std::optional<E> from_text(std::string_view text) {
    for (std::size_t i = 0; i < EnumText<E>::names.size(); ++i) {
        if (EnumText<E>::names[i] == text) return static_cast<E>(i);
    }
    return std::nullopt;
}

/// Every allowed spelling, for messages that say what is allowed.
template <class E>
constexpr std::span<const std::string_view> all_names() {
    return EnumText<E>::names;
}

} // namespace nlb
