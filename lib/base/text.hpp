// SPDX-License-Identifier: Apache-2.0
// Small text helpers for messages that people read.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace nlb {

/// 'text' in single quotes, control and non-ASCII bytes as \xNN, cut after 80 bytes: safe to print
/// whatever a file contained.
std::string in_quotes(std::string_view text);

/// The member of `known` closest to `word` by edit distance, if close enough to be a typing slip
/// (at most a third of the word's length, at least one edit).
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> known);

/// "a, b or c"; empty words are left out.
std::string either(std::span<const std::string_view> words);

} // namespace nlb
