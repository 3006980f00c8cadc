// SPDX-License-Identifier: Apache-2.0
// One line of many as a row of columns. Only what is asked for is looked at: a line of a common
// shape is never split, others are (accesslog::split).
#pragma once

#include "query/column.hpp"

#include "accesslog/entry.hpp"
#include "accesslog/line_index.hpp"

#include <cstring>

namespace nlb::query {

class Row {
  public:
    /// A line of `text`. `whole`: it may have empty fields, so that counting spaces is not enough.
    /// Answers whether it is an entry at all.
    accesslog::Problem set(std::string_view text, const accesslog::LineIndex::Line& line,
                           bool whole) {
        using accesslog::Problem;
        text_ = text;
        line_ = line;
        // Without the carriage return the last field may be empty.
        is_split_ = whole || (line.end > line.begin && text[line.end - 1] == '\r');
        is_settled_ = false;
        problem_ = Problem::None;
        if (is_split_) return accesslog::split(this->line(), entry_);
        constexpr std::string_view kBegin = "tls ";
        if (line.end - line.begin < kBegin.size() ||
            std::memcmp(text.data() + line.begin, kBegin.data(), kBegin.size()) != 0)
            return Problem::NotTls;
        return line.count + 1 < accesslog::kFewestFields ? Problem::TooFewFields : Problem::None;
    }

    /// The line without its line feed.
    [[nodiscard]] std::string_view line() const {
        return {text_.data() + line_.begin, line_.end - line_.begin};
    }

    /// The bytes of a field; "-" or nothing at all when it is absent.
    std::string_view bytes(accesslog::Field field) {
        const std::size_t at = accesslog::position(field);
        if (at >= kFirstDoubtful && !is_split_) settle();
        if (is_split_) return entry_.fields[at];
        return at <= line_.count ? token(at) : std::string_view();
    }

    /// The bytes of a text column, null when it is absent. Not for other kinds.
    std::string_view text(Column column) {
        if (!is_whole_field(column)) return part(column);
        const std::string_view text = bytes(static_cast<accesslog::Field>(column));
        return text == accesslog::kAbsent ? std::string_view() : text;
    }

    /// The value of any column. A value that is not of its kind is null, and problem() tells.
    Value value(Column column);

    /// The first value() that was not of its kind.
    [[nodiscard]] accesslog::Problem problem() const { return problem_; }

  private:
    static constexpr std::size_t kFirstDoubtful =
        accesslog::position(accesslog::Field::AlpnClientPreferenceList);

    /// Field `at` of a line whose fields are its words.
    [[nodiscard]] std::string_view token(std::size_t at) const {
        const std::uint32_t begin = at == 0 ? line_.begin : line_.spaces[at - 1] + 1;
        return {text_.data() + begin, line_.spaces[at] - begin};
    }

    static bool is_whole_field(Column column) {
        return static_cast<std::size_t>(column) < accesslog::kFieldCount;
    }

    void settle();
    std::string_view part(Column column);
    std::string_view extra();
    Value failed(accesslog::Problem problem);
    Value port(std::string_view address);
    Value time(std::string_view text);

    std::string_view text_;
    accesslog::LineIndex::Line line_;
    accesslog::Entry entry_; ///< when is_split_
    bool is_split_ = false;
    bool is_settled_ = false; ///< words are known to be fields
    accesslog::Problem problem_ = accesslog::Problem::None;
    /// "2018-12-20T02:59:" of the last time: most are in it. No field has a space.
    std::array<char, 17> minute_{' '};
    std::int64_t minute_seconds_ = 0;
};

} // namespace nlb::query
