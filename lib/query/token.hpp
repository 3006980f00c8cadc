// SPDX-License-Identifier: Apache-2.0
// The words of the expression language.
#pragma once

#include "query/value.hpp"

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace nlb::query {

struct Token {
    enum class Type : std::uint8_t { Word, Quoted, Number, Text, Symbol, End };

    Type type = Type::End;
    std::string text;          ///< a word, what stood in quotes, a symbol, a number as written
    Kind kind = Kind::Integer; ///< of a Number: duration, size, real or plain
    Value value;               ///< of a Number
    std::size_t begin = 0;     ///< in the source
    std::size_t end = 0;
};

/// Words are letters, digits and underscores, and the two field names with a colon. "x" is a
/// Quoted, which may be a name or text; 'x' is Text, with '' for a quote. Numbers may have a unit
/// (ms s m h d w; B kB MB GB TB KiB MiB GiB TiB); an address, an address block and a time that
/// begins as 2026-05-01 does are Text. The last token is End. Errors: Usage, with what cannot be
/// read.
Result<std::vector<Token>> tokens(std::string_view source);

} // namespace nlb::query
