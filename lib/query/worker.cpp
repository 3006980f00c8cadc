// SPDX-License-Identifier: Apache-2.0
#include "query/worker.hpp"

#include <algorithm>

namespace nlb::query {

using accesslog::Problem;

namespace {

/// A candidate without its row; its texts are still those of the scope.
Candidate candidate_of(const Query& query, const Scope& scope, Place place) {
    Candidate made;
    made.place = place;
    made.by.reserve(query.order.size());
    for (const Order& order : query.order)
        made.by.push_back(evaluate(order.by, scope));
    return made;
}

/// Makes the texts the candidate's own.
void keep_texts(Candidate& candidate) {
    candidate.texts.resize(candidate.by.size());
    for (std::size_t i = 0; i < candidate.by.size(); ++i) {
        if (candidate.by[i].type == Value::Type::Text) candidate.texts[i] = candidate.by[i].text;
    }
}

/// Whether it is time to keep only those that can be in the answer.
bool is_crowded(const Query& query, const std::vector<Candidate>& candidates) {
    constexpr std::size_t kFew = 1024;
    return query.limit && candidates.size() >= kFew &&
           (candidates.size() - kFew) / 2 >= *query.limit;
}

Value value_of(const Candidate& c, std::size_t i) {
    const bool is_own = !c.texts.empty() && c.by[i].type == Value::Type::Text;
    return is_own ? Value::of_text(c.texts[i]) : c.by[i];
}

bool comes_first(const Query& query, const Candidate& a, const Candidate& b) {
    for (std::size_t i = 0; i < query.order.size(); ++i) {
        const int order = compare(value_of(a, i), value_of(b, i));
        if (order != 0) return query.order[i].descending ? order > 0 : order < 0;
    }
    return query.later_first ? b.place < a.place : a.place < b.place;
}

} // namespace

Worker::Worker(const Query& query, Wishes wishes)
    : query_(&query), wishes_(wishes), output_(query, wishes.format), groups_(query) {
}

void Worker::take(std::string_view text, Place place, Piece& piece) {
    index_.build(text);
    const bool whole = index_.has_empty();
    for (std::size_t i = 0; i < index_.lines(); ++i) {
        place.line = i;
        if (const Problem problem = row_.set(text, index_.line(i), whole); problem != Problem::None)
            reject(problem, piece);
        else
            entry(place, piece);
    }
}

void Worker::reject(Problem problem, Piece& piece) {
    if (piece.lines_rejected++ == 0) piece.first_problem = problem;
    if (!wishes_.keeps_rejected) return;
    piece.rejected += row_.line();
    piece.rejected += '\n';
}

void Worker::entry(Place place, Piece& piece) {
    if (query_->where) {
        const bool is_wanted = evaluate(*query_->where, {.row = &row_}).is_true();
        if (row_.problem() != Problem::None) return reject(row_.problem(), piece);
        if (!is_wanted) {
            ++piece.entries;
            return;
        }
    }
    const std::size_t before = piece.rows.size();
    if (query_->grouped)
        groups_.add(row_);
    else if (!query_->order.empty())
        candidate(place);
    else
        output_.append({.row = &row_}, piece.rows);
    if (row_.problem() == Problem::None) {
        ++piece.entries;
        return;
    }
    piece.rows.resize(before);
    reject(row_.problem(), piece);
}

void Worker::candidate(Place place) {
    Candidate made = candidate_of(*query_, {.row = &row_}, place);
    keep_texts(made);
    output_.append({.row = &row_}, made.row);
    if (row_.problem() != Problem::None) return;
    candidates_.push_back(std::move(made));
    if (is_crowded(*query_, candidates_)) settle(*query_, candidates_);
}

void settle(const Query& query, std::vector<Candidate>& candidates) {
    const auto first = [&](const auto& a, const auto& b) { return comes_first(query, a, b); };
    std::sort(candidates.begin(), candidates.end(), first);
    if (query.limit && candidates.size() > *query.limit)
        candidates.erase(candidates.begin() + static_cast<std::ptrdiff_t>(*query.limit),
                         candidates.end());
}

std::vector<std::string> group_rows(const Query& query, Groups& groups, const Output& output) {
    // Behind the order asked for come the keys, which are different for any two groups.
    Query ordered;
    ordered.order = query.order;
    ordered.limit = query.limit;
    for (std::size_t i = 0; i < query.keys.size(); ++i) {
        Order& order = ordered.order.emplace_back();
        order.by.op = Op::Key;
        order.by.index = i;
    }
    std::vector<Candidate> candidates;
    if (!query.limit) candidates.reserve(groups.size());
    groups.for_each([&](std::span<const Value> keys, std::span<const Value> aggregates) {
        const Scope scope{.row = nullptr, .keys = keys.data(), .aggregates = aggregates.data()};
        if (query.having && !evaluate(*query.having, scope).is_true()) return;
        Candidate made = candidate_of(ordered, scope, {});
        output.append(scope, made.row);
        candidates.push_back(std::move(made));
        if (is_crowded(ordered, candidates)) settle(ordered, candidates);
    });
    settle(ordered, candidates);
    std::vector<std::string> rows;
    rows.reserve(candidates.size());
    for (Candidate& candidate : candidates)
        rows.push_back(std::move(candidate.row));
    return rows;
}

} // namespace nlb::query
