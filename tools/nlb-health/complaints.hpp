// SPDX-License-Identifier: Apache-2.0
// Warnings about an input: the first few are told, the rest are counted, so that a binary file
// does not fill the log.
#pragma once

#include "app/context.hpp"

#include <cstdint>
#include <string>
#include <vector>

class Complaints {
  public:
    explicit Complaints(const nlb::app::Log& log) : log_(log) {}

    void add(const std::vector<std::string>& warnings) {
        for (const std::string& text : warnings) {
            ++count_;
            if (count_ <= kTold) log_.warning(text);
            if (count_ == kTold) log_.warning("further warnings about the input are only counted");
        }
    }

    [[nodiscard]] std::uint64_t count() const { return count_; }

  private:
    static constexpr std::uint64_t kTold = 20;

    const nlb::app::Log& log_;
    std::uint64_t count_ = 0;
};
