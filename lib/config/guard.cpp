// SPDX-License-Identifier: Apache-2.0
#include "config/guard.hpp"

#include <algorithm>

namespace nlb::config {

namespace {

/// Walks TOML tokens just well enough to tell keys and values from strings and comments. On text
/// that is no TOML it may misjudge; the parser then reports the error itself.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}

    std::optional<SyntaxError> run() {
        constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
        if (text_.starts_with(kByteOrderMark)) offset_ = line_start_ = kByteOrderMark.size();
        while (offset_ < text_.size()) {
            if (static_cast<unsigned char>(text_[offset_]) >= 0x80) {
                ++offset_;
                return SyntaxError{here(), "only quoted text and comments may go beyond ASCII"};
            }
            step();
            if (dots_ >= kDeepestKey) return too("a key of more than ", kDeepestKey, " parts");
            if (values_ > kMostValues) return too("more than ", kMostValues, " values");
        }
        return std::nullopt;
    }

  private:
    void step() {
        switch (text_[offset_]) {
        case '"':
        case '\'': skip_string(); return;
        case '#': skip_to_line_end(); return;
        case '.': ++dots_; break;
        case '\n':
            ++line_;
            line_start_ = offset_ + 1;
            [[fallthrough]];
        case ',':
        case '=': ++values_; [[fallthrough]];
        case '[':
        case ']':
        case '{':
        case '}': dots_ = 0; break;
        default: break;
        }
        ++offset_;
    }

    void skip_to_line_end() {
        while (offset_ < text_.size() && text_[offset_] != '\n')
            ++offset_;
    }

    void skip_string() {
        const char quote = text_[offset_];
        const std::string_view triple = quote == '"' ? R"(""")" : "'''";
        const bool many_lines = text_.substr(offset_).starts_with(triple);
        const std::string_view end = many_lines ? triple : triple.substr(0, 1);
        offset_ += end.size();
        while (offset_ < text_.size()) {
            if (text_[offset_] == '\n' && !many_lines) return; // broken: the parser says so
            if (text_.substr(offset_).starts_with(end)) {
                offset_ += end.size();
                return;
            }
            skip_character(quote == '"');
        }
    }

    void skip_character(bool has_escapes) {
        const char c = text_[offset_++];
        if (c == '\n') {
            ++line_;
            line_start_ = offset_;
        }
        const bool escapes = has_escapes && c == '\\' && offset_ < text_.size();
        if (escapes && text_[offset_] != '\n') ++offset_;
    }

    /// The character before offset_.
    [[nodiscard]] Position here() const {
        std::uint32_t column = 0;
        for (const char c : text_.substr(line_start_, offset_ - line_start_)) {
            if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++column;
        }
        return {line_, std::max(column, std::uint32_t{1})};
    }

    [[nodiscard]] SyntaxError too(std::string_view before, std::size_t limit,
                                  std::string_view after) const {
        return {here(), std::string(before) + std::to_string(limit) + std::string(after)};
    }

    std::string_view text_;
    std::size_t offset_ = 0;
    std::size_t line_start_ = 0;
    std::uint32_t line_ = 1;
    std::size_t dots_ = 0;
    std::size_t values_ = 0;
};

} // namespace

std::optional<SyntaxError> exceeds_limits(std::string_view text) {
    if (text.size() > kLongestText) {
        return SyntaxError{{1, 1}, "longer than " + std::to_string(kLongestText) + " bytes"};
    }
    return Scanner(text).run();
}

} // namespace nlb::config
