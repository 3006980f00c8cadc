// SPDX-License-Identifier: Apache-2.0
#include "app/table.hpp"

#include <unistd.h>

#include <algorithm>

namespace nlb::app {

std::string Table::text(bool aligned) const {
    std::vector<std::size_t> widths;
    for (const auto& row : rows_) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    }
    std::string out;
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            out += row[i];
            const bool last = i + 1 == row.size();
            if (!last) out += aligned ? std::string(widths[i] - row[i].size() + 2, ' ') : "\t";
        }
        out += '\n';
    }
    return out;
}

bool stdout_is_terminal() {
    return ::isatty(STDOUT_FILENO) == 1;
}

} // namespace nlb::app
