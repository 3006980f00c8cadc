// SPDX-License-Identifier: Apache-2.0
// Where a value stands in a configuration: "target_groups[0].targets[2].port".
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace nlb::model {

class Path {
  public:
    struct Step {
        std::string key;       ///< a member of a table; an attribute's dotted name is one key
        std::size_t index = 0; ///< an element of an array, when `key` is empty
        bool operator==(const Step&) const = default;
    };

    [[nodiscard]] Path operator/(std::string key) const { return with({std::move(key), 0}); }

    [[nodiscard]] Path operator/(std::size_t index) const { return with({{}, index}); }

    [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }

    /// True when this is `other` or lies inside it.
    [[nodiscard]] bool within(const Path& other) const;

    /// Keys with characters that need it stand in quotes; the empty path is "".
    [[nodiscard]] std::string text() const;

    bool operator==(const Path&) const = default;

  private:
    [[nodiscard]] Path with(Step step) const;

    std::vector<Step> steps_;
};

} // namespace nlb::model
