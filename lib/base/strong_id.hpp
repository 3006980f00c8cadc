// SPDX-License-Identifier: Apache-2.0
// StrongId: a string that names one kind of thing; ids of different kinds do not mix.
#pragma once

#include <compare>
#include <functional>
#include <string>

namespace nlb {

template <class Tag>
struct StrongId {
    std::string value;

    StrongId() = default;

    explicit StrongId(std::string v) : value(std::move(v)) {}

    [[nodiscard]] bool empty() const { return value.empty(); }

    auto operator<=>(const StrongId&) const = default;
};

} // namespace nlb

template <class Tag>
struct std::hash<nlb::StrongId<Tag>> {
    std::size_t operator()(const nlb::StrongId<Tag>& id) const noexcept {
        return std::hash<std::string>{}(id.value);
    }
};
