// SPDX-License-Identifier: Apache-2.0
#include "query/token.hpp"

#include "accesslog/tls_version.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace nlb::query {

namespace {

constexpr std::size_t kLongestSource = 16U << 10U;

struct Unit {
    std::string_view name;
    Kind kind;
    std::int64_t factor;
};

constexpr auto kUnits = std::to_array<Unit>({
    {"ms", Kind::Milliseconds, 1},
    {"s", Kind::Milliseconds, 1000},
    {"m", Kind::Milliseconds, 60'000},
    {"h", Kind::Milliseconds, 3'600'000},
    {"d", Kind::Milliseconds, 86'400'000},
    {"w", Kind::Milliseconds, 604'800'000},
    {"B", Kind::Bytes, 1},
    {"kB", Kind::Bytes, 1000},
    {"MB", Kind::Bytes, 1'000'000},
    {"GB", Kind::Bytes, 1'000'000'000},
    {"TB", Kind::Bytes, 1'000'000'000'000},
    {"KiB", Kind::Bytes, 1LL << 10U},
    {"MiB", Kind::Bytes, 1LL << 20U},
    {"GiB", Kind::Bytes, 1LL << 30U},
    {"TiB", Kind::Bytes, 1LL << 40U},
});

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// Whether it begins with digits where `shape` has a d, and otherwise as `shape` is.
bool has_shape(std::string_view text, std::string_view shape) {
    return text.size() >= shape.size() &&
           std::equal(shape.begin(), shape.end(), text.begin(),
                      [](char s, char c) { return s == 'd' ? is_digit(c) : s == c; });
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

class Lexer {
  public:
    explicit Lexer(std::string_view source) : source_(source) {}

    Result<std::vector<Token>> all() {
        for (;;) {
            while (at_ < source_.size() && is_space(source_[at_]))
                ++at_;
            Token token;
            token.begin = at_;
            if (at_ < source_.size()) {
                if (auto ok = next(token); !ok) return tl::unexpected<Error>(ok.error());
            }
            token.end = at_;
            found_.push_back(std::move(token));
            if (found_.back().type == Token::Type::End) return std::move(found_);
        }
    }

  private:
    Result<void> next(Token& token) {
        const char c = source_[at_];
        if (begins_address()) return number(token);
        if (is_letter(c)) return word(token);
        if (has_shape(rest(), "dddd-dd-dd")) return moment(token);
        if (is_digit(c) || (c == ':' && rest().starts_with("::"))) return number(token);
        if (c == '\'' || c == '"') return quoted(token);
        return symbol(token);
    }

    [[nodiscard]] std::string_view rest() const { return source_.substr(at_); }

    template <class Wanted>
    std::string_view take_while(Wanted wanted) {
        const std::string_view left = rest();
        const auto end = std::find_if_not(left.begin(), left.end(), wanted);
        const auto length = static_cast<std::size_t>(end - left.begin());
        at_ += length;
        return left.substr(0, length);
    }

    Result<void> word(Token& token) {
        token.type = Token::Type::Word;
        token.text = take_while([](char c) { return is_letter(c) || is_digit(c); });
        const bool is_version = accesslog::parse_tls_version(token.text).has_value();
        if (is_version && rest().size() > 1 && rest()[0] == '.' && is_digit(rest()[1])) {
            token.text += '.'; // TLSv1.2
            ++at_;
            token.text += take_while(is_digit);
        }
        constexpr std::string_view kPort = ":port";
        if ((token.text == "client" || token.text == "destination") && rest().starts_with(kPort)) {
            token.text += kPort;
            at_ += kPort.size();
        }
        return {};
    }

    Result<void> quoted(Token& token) {
        const char quote = source_[at_++];
        token.type = quote == '"' ? Token::Type::Quoted : Token::Type::Text;
        for (; at_ < source_.size(); ++at_) {
            if (source_[at_] == quote && !rest().substr(1).starts_with(quote)) {
                ++at_;
                return {};
            }
            if (source_[at_] == quote) ++at_;
            token.text += source_[at_];
        }
        return fail(Errc::Usage,
                    "a quote " + in_quotes(source_.substr(token.begin)) + " is not closed");
    }

    Result<void> number(Token& token) {
        token.text =
            take_while([](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == ':'; });
        const auto count = [&](char c) {
            return std::count(token.text.begin(), token.text.end(), c);
        };
        if (count('.') == 3 || count(':') > 1) return address(token);
        token.type = Token::Type::Number;
        const std::string_view text = token.text;
        const auto digits = std::find_if_not(text.begin(), text.end(),
                                             [](char c) { return is_digit(c) || c == '.'; });
        const auto length = static_cast<std::size_t>(digits - text.begin());
        return value(token, text.substr(0, length), text.substr(length));
    }

    /// fd00::1, where no word of the language has a colon behind so few hexadecimal digits.
    [[nodiscard]] bool begins_address() const {
        constexpr std::size_t kMostDigits = 4;
        const std::string_view text = rest();
        const std::size_t colon = text.find_first_not_of("0123456789abcdefABCDEF");
        return colon != 0 && colon <= kMostDigits && text[colon] == ':';
    }

    /// 2026-05-01, also with T10:00 or with a space and 10:00.
    Result<void> moment(Token& token) {
        token.type = Token::Type::Text;
        constexpr std::size_t kDate = 10;
        token.text = rest().substr(0, kDate);
        at_ += kDate;
        if (has_shape(rest(), " dd:dd")) token.text += source_[at_++];
        token.text += take_while([](char c) { return is_letter(c) || is_digit(c) || c == ':'; });
        return {};
    }

    Result<void> address(Token& token) {
        token.type = Token::Type::Text;
        if (rest().starts_with('/') && rest().size() > 1 && is_digit(rest()[1])) {
            token.text += '/';
            ++at_;
            token.text += take_while(is_digit);
        }
        return {};
    }

    static Result<void> value(Token& token, std::string_view digits, std::string_view unit) {
        double real = 0;
        const char* const end = digits.data() + digits.size();
        const auto [real_end, real_error] = std::from_chars(digits.data(), end, real);
        if (real_error != std::errc() || real_end != end)
            return fail(Errc::Usage, in_quotes(token.text) + " is no number");
        std::int64_t whole = 0;
        const auto [whole_end, whole_error] = std::from_chars(digits.data(), end, whole);
        const bool is_whole = whole_error == std::errc() && whole_end == end;
        const auto known = std::find_if(kUnits.begin(), kUnits.end(),
                                        [&](const Unit& u) { return u.name == unit; });
        if (unit.empty()) {
            token.kind = is_whole ? Kind::Integer : Kind::Real;
            token.value = is_whole ? Value::of(whole) : Value::of_real(real);
            return {};
        }
        if (known == kUnits.end())
            return fail(Errc::Usage,
                        in_quotes(token.text) +
                            ": the units are ms s m h d w and B kB MB GB TB KiB MiB GiB TiB");
        constexpr double kMost = 9e18;
        const double scaled = real * static_cast<double>(known->factor);
        if (scaled > kMost) return fail(Errc::Usage, in_quotes(token.text) + " is too large");
        token.kind = known->kind;
        token.value = Value::of(is_whole ? whole * known->factor : std::llround(scaled));
        return {};
    }

    Result<void> symbol(Token& token) {
        constexpr auto kSymbols =
            std::to_array<std::string_view>({"<=", ">=", "!=", "<>", "==", "=~", "!~", "<", ">",
                                             "=", "(", ")", ",", "*", "+", "-", "/", ";"});
        token.type = Token::Type::Symbol;
        for (const std::string_view known : kSymbols) {
            if (!rest().starts_with(known)) continue;
            token.text = known == "==" ? "=" : known == "<>" ? "!=" : known;
            at_ += known.size();
            return {};
        }
        return fail(Errc::Usage, "cannot read " + in_quotes(rest()));
    }

    std::string_view source_;
    std::size_t at_ = 0;
    std::vector<Token> found_;
};

} // namespace

Result<std::vector<Token>> tokens(std::string_view source) {
    if (source.size() > kLongestSource)
        return fail(Errc::Usage, "an expression of " + std::to_string(source.size()) +
                                     " bytes; at most 16384 are read");
    return Lexer(source).all();
}

} // namespace nlb::query
