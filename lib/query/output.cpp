// SPDX-License-Identifier: Apache-2.0
#include "query/output.hpp"

#include <algorithm>
#include <cstring>

namespace nlb::query {

namespace {

void append_csv(std::string_view text, std::string& out) {
    if (text.find_first_of("\",\r\n") == std::string_view::npos) {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

/// Bytes that would break the line or the columns are written as \t and the like.
void append_tsv(std::string_view text, std::string& out) {
    if (text.find_first_of("\t\r\n") == std::string_view::npos) {
        out += text;
        return;
    }
    for (const char c : text) {
        if (c == '\t' || c == '\r' || c == '\n')
            out += c == '\t' ? "\\t" : c == '\r' ? "\\r" : "\\n";
        else
            out += c;
    }
}

/// Whether JSON needs no escapes for `text`: eight bytes at a time.
bool is_plain(std::string_view text) {
    constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
    constexpr std::uint64_t kHigh = kOnes * 0x80;
    const auto has_zero = [](std::uint64_t x) { return (x - kOnes) & ~x & kHigh; };
    std::uint64_t found = 0;
    const auto look = [&](std::uint64_t x) {
        found |= x | ((x - kOnes * 0x20) & ~x) | has_zero(x ^ (kOnes * '"')) |
                 has_zero(x ^ (kOnes * '\\')) | (x + kOnes);
    };
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, 8);
        look(word);
    }
    std::uint64_t word = kOnes * 'a';
    std::memcpy(&word, text.data() + at, text.size() - at);
    look(word);
    return (found & kHigh) == 0;
}

void append_text_value(std::string_view text, std::string& out) {
    if (!is_plain(text)) return append_json_text(text, out);
    out += '"';
    out += text;
    out += '"';
}

/// A column of an entry as it stands there, without making a value of it where that is right.
void append_column(Row& row, const Expression& e, std::string& out) {
    if (e.kind == Kind::Text) {
        const std::string_view text = row.text(e.column);
        if (text.empty())
            out += "null";
        else
            append_text_value(text, out);
        return;
    }
    append_json(row.value(e.column), e.kind, out);
}

} // namespace

Output::Output(const Query& query, Format format) : query_(&query), format_(format) {
    for (const std::string& name : query.names) {
        std::string& text = json_names_.emplace_back(json_names_.empty() ? "{" : ",");
        append_json_text(name, text);
        text += ':';
    }
}

std::string Output::header() const {
    std::string out;
    if (format_ != Format::Tsv && format_ != Format::Csv) return out;
    for (const std::string& name : query_->names) {
        if (!out.empty()) out += format_ == Format::Tsv ? '\t' : ',';
        format_ == Format::Tsv ? append_tsv(name, out) : append_csv(name, out);
    }
    return out + '\n';
}

void Output::append_json(const Scope& scope, std::string& out) const {
    for (std::size_t i = 0; i < json_names_.size(); ++i) {
        const Expression& e = query_->select[i];
        out += json_names_[i];
        if (e.op == Op::Column)
            append_column(*scope.row, e, out);
        else
            query::append_json(evaluate(e, scope), e.kind, out);
    }
    out += "}\n";
}

void Output::append_value(const Value& value, Kind kind, std::string& out) const {
    if (value.type != Value::Type::Text) {
        if (format_ == Format::Tsv || !value.is_null()) append_text(value, kind, out);
        return;
    }
    format_ == Format::Tsv ? append_tsv(value.text, out) : append_csv(value.text, out);
}

void Output::append(const Scope& scope, std::string& out) const {
    if (format_ == Format::Json) return append_json(scope, out);
    if (format_ == Format::Raw) {
        out += scope.row->line();
    } else {
        for (std::size_t i = 0; i < query_->select.size(); ++i) {
            if (i > 0) out += format_ == Format::Tsv ? '\t' : ',';
            append_value(evaluate(query_->select[i], scope), query_->select[i].kind, out);
        }
    }
    out += '\n';
}

} // namespace nlb::query
