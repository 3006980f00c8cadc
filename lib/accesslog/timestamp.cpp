// SPDX-License-Identifier: Apache-2.0
#include "accesslog/timestamp.hpp"

#include <array>
#include <chrono>

namespace nlb::accesslog {

namespace {

constexpr std::int64_t kSecondsADay = 86'400;
constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";

bool has_shape(std::string_view text) {
    if (text.size() != kShape.size()) return false;
    for (std::size_t i = 0; i < kShape.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return false;
    }
    return true;
}

int two(std::string_view text, std::size_t at) {
    return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

void put(std::int64_t value, std::size_t digits, char* at) {
    for (std::size_t i = digits; i-- > 0; value /= 10)
        at[i] = static_cast<char>('0' + value % 10);
}

} // namespace

std::optional<std::int64_t> days_since_1970(int year, unsigned month, unsigned day) {
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                           std::chrono::day(day)};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date).time_since_epoch().count();
}

std::optional<std::int64_t> parse_time(std::string_view text) {
    if (!has_shape(text)) return std::nullopt;
    const int hour = two(text, 11);
    const int minute = two(text, 14);
    const int second = two(text, 17);
    if (hour > 23 || minute > 59 || second > 60) return std::nullopt; // 60: a leap second
    const auto days =
        days_since_1970(two(text, 0) * 100 + two(text, 2), static_cast<unsigned>(two(text, 5)),
                        static_cast<unsigned>(two(text, 8)));
    if (!days) return std::nullopt;
    constexpr std::int64_t kHour = 3600;
    constexpr std::int64_t kMinute = 60;
    return *days * kSecondsADay + hour * kHour + minute * kMinute + second;
}

void append_time(std::int64_t seconds, std::string& out) {
    const std::int64_t days =
        seconds >= 0 ? seconds / kSecondsADay : (seconds - kSecondsADay + 1) / kSecondsADay;
    const std::int64_t rest = seconds - days * kSecondsADay;
    const std::chrono::year_month_day date{
        std::chrono::sys_days(std::chrono::days(static_cast<int>(days)))};
    std::array<char, kShape.size()> text{};
    std::copy(kShape.begin(), kShape.end(), text.begin());
    put(int{date.year()}, 4, text.data());
    put(unsigned{date.month()}, 2, text.data() + 5);
    put(unsigned{date.day()}, 2, text.data() + 8);
    put(rest / 3600, 2, text.data() + 11);
    put(rest / 60 % 60, 2, text.data() + 14);
    put(rest % 60, 2, text.data() + 17);
    out.append(text.data(), text.size());
}

} // namespace nlb::accesslog
