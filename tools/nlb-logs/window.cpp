// SPDX-License-Identifier: Apache-2.0
#include "window.hpp"

#include "query/parser.hpp"

#include "base/text.hpp"

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

Result<std::int64_t> moment(const std::string& text, std::int64_t now) {
    if (const auto time = query::parse_moment(text)) return *time;
    const auto words = query::tokens(text);
    constexpr std::int64_t kMsPerSecond = 1000;
    if (words && words->size() == 2 && words->front().type == query::Token::Type::Number &&
        words->front().kind == query::Kind::Milliseconds)
        return now - words->front().value.integer / kMsPerSecond;
    return fail(Errc::Usage, in_quotes(text) +
                                 " is neither a time such as 2026-05-01T10:00 nor a span such as "
                                 "90m, 2h or 7d");
}

} // namespace

Result<scan::Window> window_of(const std::string& since, const std::string& until,
                               std::int64_t now) {
    scan::Window window;
    if (!since.empty()) {
        const auto time = moment(since, now);
        if (!time) return forward(time.error(), "--since");
        window.since = *time;
    }
    if (!until.empty()) {
        const auto time = moment(until, now);
        if (!time) return forward(time.error(), "--until");
        window.until = *time;
    }
    return window;
}
