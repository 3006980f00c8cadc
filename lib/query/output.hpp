// SPDX-License-Identifier: Apache-2.0
// Rows as lines of text.
#pragma once

#include "query/query.hpp"

#include <string>

namespace nlb::query {

enum class Format : std::uint8_t {
    Tsv,  ///< "-" for null; a line with the names comes first
    Csv,  ///< RFC 4180; nothing for null; a line with the names comes first
    Json, ///< an object a line; numbers as numbers, null as null
    Raw,  ///< the lines of the entries as they were; not for groups
};

class Output {
  public:
    /// `query` must outlive it.
    Output(const Query& query, Format format);

    /// The line with the names, or nothing.
    [[nodiscard]] std::string header() const;

    /// Appends a row of an entry or of a group.
    void append(const Scope& scope, std::string& out) const;

  private:
    void append_json(const Scope& scope, std::string& out) const;
    void append_value(const Value& value, Kind kind, std::string& out) const;

    const Query* query_;
    Format format_;
    std::vector<std::string> json_names_; ///< of every column with what stands before its value
};

} // namespace nlb::query
