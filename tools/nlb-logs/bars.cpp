// SPDX-License-Identifier: Apache-2.0
#include "bars.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

namespace {

constexpr std::size_t kLongestBar = 40;
constexpr std::size_t kWidestSpark = 80;

double last_number(const std::string& line) {
    const std::size_t tab = line.rfind('\t');
    const std::size_t begin = tab == std::string::npos ? 0 : tab + 1;
    return std::max(0.0, std::strtod(line.c_str() + begin, nullptr)); // "-" is 0
}

std::vector<double> numbers(const std::vector<std::string>& lines) {
    std::vector<double> found;
    std::transform(lines.begin(), lines.end(), std::back_inserter(found), last_number);
    return found;
}

double largest(const std::vector<double>& values) {
    return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
}

/// `eighths` of a full block, drawn from the left.
std::string bar(std::size_t eighths) {
    constexpr auto kParts =
        std::to_array<std::string_view>({"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"});
    std::string text;
    for (std::size_t i = 0; i < eighths / 8; ++i)
        text += "█";
    return text.append(kParts[eighths % 8]);
}

} // namespace

void add_bars(std::vector<std::string>& lines) {
    const std::vector<double> values = numbers(lines);
    const double most = largest(values);
    if (most <= 0) return;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto eighths = static_cast<std::size_t>(values[i] / most * kLongestBar * 8);
        lines[i].insert(lines[i].size() - 1, "\t" + bar(eighths)); // before the line feed
    }
}

std::string sparkline(const std::vector<std::string>& lines) {
    constexpr auto kHeights =
        std::to_array<std::string_view>({"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"});
    if (lines.empty()) return {};
    const std::vector<double> values = numbers(lines);
    const std::size_t width = std::min(values.size(), kWidestSpark);
    std::vector<double> columns(width);
    for (std::size_t i = 0; i < values.size(); ++i)
        columns[i * width / values.size()] += values[i];
    const double most = largest(columns);
    const auto begin = [](const std::string& line) { return line.substr(0, line.find('\t')); };
    std::string text = begin(lines.front()) + ' ';
    for (const double value : columns) {
        const double share = most > 0 ? value / most : 0;
        text += kHeights[std::min(kHeights.size() - 1, static_cast<std::size_t>(share * 8))];
    }
    return text + ' ' + begin(lines.back()) + '\n';
}
