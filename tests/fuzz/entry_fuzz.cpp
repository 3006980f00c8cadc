// SPDX-License-Identifier: Apache-2.0
// Lines of access logs: splitting one never leaves it, the grammar of ALPN lists ends, and a row of
// an index has the same fields as the line split on its own.
#include "query/row.hpp"

#include "accesslog/alpn.hpp"

#include "base/check.hpp"

#include <string>

using namespace nlb; // NOLINT(google-build-using-namespace)

namespace {

void check_list(std::string_view list) {
    NLB_CHECK(accesslog::alpn_list_length(list) <= list.size());
    accesslog::AlpnNames names(list);
    std::size_t bytes = 0;
    for (std::string_view name; names.next(name); bytes += name.size() + 1)
        NLB_CHECK(name.find('"') == std::string_view::npos);
    NLB_CHECK(bytes <= list.size() + 1);
}

void check_row(query::Row& row, const accesslog::Entry& entry) {
    for (const accesslog::FieldInfo& field : accesslog::kFields) {
        NLB_CHECK(row.bytes(field.field) == entry.fields[accesslog::position(field.field)]);
        row.value(query::column_of(field.field));
    }
    NLB_CHECK(row.text(query::Column::Extra) == (entry.extra == "-" ? "" : entry.extra));
    row.value(query::Column::ClientIp);
    row.value(query::Column::DestinationPort);
    NLB_CHECK((check(entry) == accesslog::Problem::None) ||
              row.problem() != accesslog::Problem::None ||
              check(entry) == accesslog::Problem::BadAddress);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string text(reinterpret_cast<const char*>(data), size);
    check_list(text);
    text += '\n';
    accesslog::LineIndex index;
    index.build(text);
    query::Row row;
    for (std::size_t i = 0; i < index.lines(); ++i) {
        const auto problem = row.set(text, index.line(i), index.has_empty());
        accesslog::Entry entry;
        NLB_CHECK(problem == accesslog::split(row.line(), entry));
        if (problem == accesslog::Problem::None) check_row(row, entry);
    }
    return 0;
}
