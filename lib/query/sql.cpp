// SPDX-License-Identifier: Apache-2.0
// One string of SQL as the clauses it is made of.
#include "query/parser.hpp"
#include "query/query.hpp"
#include "query/token.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace nlb::query {

namespace {

struct Clause {
    std::string_view first;
    std::string_view second; ///< of a name of two words
    std::string Clauses::*text;
};

class Splitter {
  public:
    Splitter(std::vector<Token> tokens, std::string_view sql)
        : tokens_(std::move(tokens)), sql_(sql) {}

    Result<Clauses> split() {
        if (!is_word(at_, "select")) return fail(Errc::Usage, "SQL begins with 'select'");
        ++at_;
        clauses_.select = text_until_clause();
        if (!is_word(at_, "from")) return fail(Errc::Usage, "expected 'from logs'" + here());
        if (!is_word(++at_, "logs"))
            return fail(Errc::Usage, "there is one table, 'logs'" + here());
        ++at_;
        constexpr auto kClauses = std::to_array<Clause>({{"where", "", &Clauses::where},
                                                         {"group", "by", &Clauses::group_by},
                                                         {"having", "", &Clauses::having},
                                                         {"order", "by", &Clauses::order_by}});
        for (const Clause& clause : kClauses) {
            if (auto ok = take(clause); !ok) return tl::unexpected<Error>(ok.error());
        }
        if (auto ok = limit(); !ok) return tl::unexpected<Error>(ok.error());
        if (tokens_[at_].text == ";") ++at_;
        if (tokens_[at_].type != Token::Type::End)
            return fail(Errc::Usage, "expected the end of the SQL" + here());
        return std::move(clauses_);
    }

  private:
    [[nodiscard]] bool is_word(std::size_t at, std::string_view word) const {
        return at < tokens_.size() && tokens_[at].type == Token::Type::Word &&
               lower(tokens_[at].text) == word;
    }

    [[nodiscard]] std::string here() const {
        const Token& token = tokens_[std::min(at_, tokens_.size() - 1)];
        if (token.type == Token::Type::End) return " at the end";
        return " at " + in_quotes(sql_.substr(token.begin));
    }

    Result<void> take(const Clause& clause) {
        if (!is_word(at_, clause.first)) return {};
        if (!clause.second.empty() && !is_word(++at_, clause.second))
            return fail(Errc::Usage, "expected '" + std::string(clause.second) + "'" + here());
        ++at_;
        clauses_.*clause.text = text_until_clause();
        if ((clauses_.*clause.text).empty())
            return fail(Errc::Usage, "nothing follows '" + std::string(clause.first) +
                                         (clause.second.empty() ? "" : " by") + "'");
        return {};
    }

    Result<void> limit() {
        if (!is_word(at_, "limit")) return {};
        const Token& number = tokens_[++at_];
        if (number.type != Token::Type::Number || number.kind != Kind::Integer)
            return fail(Errc::Usage, "expected a number of rows" + here());
        clauses_.limit = static_cast<std::uint64_t>(number.value.integer);
        ++at_;
        return {};
    }

    /// The text up to the next word that begins a clause, outside of parentheses.
    std::string text_until_clause() {
        constexpr auto kEnds =
            std::to_array<std::string_view>({"from", "where", "group", "having", "order", "limit"});
        const std::size_t begin = tokens_[at_].begin;
        std::size_t end = begin;
        int depth = 0;
        for (; tokens_[at_].type != Token::Type::End; ++at_) {
            const Token& token = tokens_[at_];
            const bool is_symbol = token.type == Token::Type::Symbol;
            if (is_symbol && token.text == ";") break;
            if (is_symbol && token.text == "(") ++depth;
            if (is_symbol && token.text == ")") --depth;
            const auto ends = [&](std::string_view word) { return is_word(at_, word); };
            if (depth <= 0 && std::any_of(kEnds.begin(), kEnds.end(), ends)) break;
            end = token.end;
        }
        return std::string(sql_.substr(begin, end - begin));
    }

    std::vector<Token> tokens_;
    std::string_view sql_;
    std::size_t at_ = 0;
    Clauses clauses_;
};

} // namespace

Result<Clauses> split_sql(std::string_view sql) {
    auto found = tokens(sql);
    if (!found) return tl::unexpected<Error>(found.error());
    return Splitter(std::move(*found), sql).split();
}

} // namespace nlb::query
