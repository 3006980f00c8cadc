// SPDX-License-Identifier: Apache-2.0
// Rows for a terminal: the columns of TSV put under each other.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// Prints lines of TSV, aligned on a terminal by the widths of the first thousand. What could make
/// a terminal do something is shown as "?".
class Printer {
  public:
    /// `to`: in place of standard output.
    Printer(bool aligned, std::function<nlb::Result<void>(std::string_view)> to)
        : is_aligned_(aligned), to_(std::move(to)) {}

    /// Whole lines. Errors: System.
    nlb::Result<void> print(const std::string& lines);

    /// What was held back to know the widths. Errors: System.
    nlb::Result<void> finish();

  private:
    void measure();
    void keep(const std::string& lines);

    nlb::Result<void> write(const std::string& text);

    bool is_aligned_;
    std::function<nlb::Result<void>(std::string_view)> to_;
    bool has_widths_ = false;
    std::vector<std::vector<std::string>> rows_; ///< held back
    std::vector<std::size_t> widths_;
};
