// SPDX-License-Identifier: Apache-2.0
// A table for people: aligned columns on a terminal, the same columns separated by tabs when
// piped (nothing truncated), so that cut and awk see what the eye sees.
#pragma once

#include <string>
#include <vector>

namespace nlb::app {

class Table {
  public:
    explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }

    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

    [[nodiscard]] std::string text(bool aligned) const;

  private:
    std::vector<std::vector<std::string>> rows_;
};

/// Is standard output a terminal?
bool stdout_is_terminal();

} // namespace nlb::app
