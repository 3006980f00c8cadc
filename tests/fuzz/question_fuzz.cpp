// SPDX-License-Identifier: Apache-2.0
// Questions of any bytes: as a condition, as lists, and as SQL. One that is accepted is asked of
// two entries.
#include "query/worker.hpp"

#include "base/check.hpp"

using namespace nlb::query; // NOLINT(google-build-using-namespace)

namespace {

constexpr std::string_view kLog =
    "tls 2.0 2026-05-01T10:01:00 net/a/1 l1 192.0.2.7:1000 10.0.0.1:443 900 30 100 2000 - arn:c1 - "
    "TLS_AES_128_GCM_SHA256 tlsv13 x25519 www.example h2 h2 \"h2\", \"x\" 2026-05-01T10:00:59 "
    "more\n"
    "tls 1.0 2026-05-01T10:05:00 net/a/1 l1 2001:db8::5:1002 10.0.0.2:443 3 - 0 0 48 - - - - - -\n";

void ask(const Clauses& clauses) {
    const auto query = plan(clauses);
    if (!query) {
        NLB_CHECK(query.error().code == nlb::Errc::Usage);
        return;
    }
    for (const Format format : {Format::Json, Format::Csv}) {
        Worker worker(*query, {.format = format});
        Piece piece;
        worker.take(kLog, {}, piece);
        NLB_CHECK(piece.entries + piece.lines_rejected == 2);
        settle(*query, worker.candidates());
        if (query->grouped) group_rows(*query, worker.groups(), Output(*query, format));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    ask({.where = text});
    ask({.select = text});
    ask({.group_by = text, .aggregates = text, .order_by = text});
    if (const auto clauses = split_sql(text)) ask(*clauses);
    return 0;
}
