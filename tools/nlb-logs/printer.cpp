// SPDX-License-Identifier: Apache-2.0
#include "printer.hpp"

#include "app/tool.hpp"

#include <algorithm>
#include <utility>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr std::size_t kHeldBack = 1000;

/// Columns of people's text: bytes that continue a character of UTF-8 take no room.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    }));
}

} // namespace

Result<void> Printer::write(const std::string& text) {
    return to_ ? to_(text) : app::print(text);
}

void Printer::keep(const std::string& lines) {
    std::vector<std::string> row(1);
    for (const char c : lines) {
        if (c == '\n') {
            rows_.push_back(std::exchange(row, std::vector<std::string>(1)));
        } else if (c == '\t') {
            row.emplace_back();
        } else {
            const bool is_control = (c >= 0 && c < ' ') || c == '\x7f';
            row.back() += is_control ? '?' : c;
        }
    }
}

Result<void> Printer::print(const std::string& lines) {
    if (!is_aligned_) return write(lines);
    keep(lines);
    if (!has_widths_ && rows_.size() < kHeldBack) return {};
    return finish();
}

/// Those of the first rows decide.
void Printer::measure() {
    if (std::exchange(has_widths_, true)) return;
    for (const auto& row : rows_) {
        widths_.resize(std::max(widths_.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths_[i] = std::max(widths_[i], width(row[i]));
    }
}

Result<void> Printer::finish() {
    if (rows_.empty()) return {};
    measure();
    std::string out;
    for (const auto& row : std::exchange(rows_, {})) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            out += row[i];
            if (i + 1 == row.size()) break;
            const std::size_t used = width(row[i]);
            out.append(used < widths_[i] ? widths_[i] - used + 2 : 2, ' ');
        }
        out += '\n';
    }
    return write(out);
}
