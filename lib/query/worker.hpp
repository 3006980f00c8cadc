// SPDX-License-Identifier: Apache-2.0
// What one thread does with pieces of logs: entries become rows of text, or members of groups, or
// candidates of an order. No thread knows of another; what they have is put together at the end.
#pragma once

#include "query/groups.hpp"
#include "query/output.hpp"

#include "accesslog/line_index.hpp"

#include <array>
#include <compare>

namespace nlb::query {

/// Where an entry is: ties of an order go by it, so that no chance decides.
struct Place {
    std::uint64_t file = 0;
    std::uint64_t piece = 0;
    std::uint64_t line = 0;
    auto operator<=>(const Place&) const = default;
};

/// What a piece of a log came to.
struct Piece {
    std::string rows;     ///< in the order of the entries
    std::string rejected; ///< lines that are no entries, when they are wanted
    std::uint64_t entries = 0;
    std::uint64_t lines_rejected = 0;
    accesslog::Problem first_problem = accesslog::Problem::None;
};

/// What order by compares, and what is shown of it.
struct Candidate {
    std::vector<Value> by;
    std::vector<std::string> texts; ///< of `by`, where those outlive what they point into
    Place place;
    std::string row;
};

class Worker {
  public:
    struct Wishes {
        Format format = Format::Tsv;
        bool keeps_rejected = false;
    };

    /// `query` must outlive it.
    Worker(const Query& query, Wishes wishes);

    /// Takes whole lines; rows of a query without groups and order come back in `piece`.
    void take(std::string_view text, Place place, Piece& piece);

    [[nodiscard]] Groups& groups() { return groups_; }

    [[nodiscard]] std::vector<Candidate>& candidates() { return candidates_; }

  private:
    void entry(Place place, Piece& piece);
    void reject(accesslog::Problem problem, Piece& piece);
    void candidate(Place place);

    const Query* query_;
    Wishes wishes_;
    Output output_;
    Groups groups_;
    accesslog::LineIndex index_;
    Row row_;
    std::vector<Candidate> candidates_; ///< at most twice the limit
};

/// Puts the candidates in order and keeps as many as the limit allows.
void settle(const Query& query, std::vector<Candidate>& candidates);

/// The rows of a grouped query, in its order; without one by the keys.
std::vector<std::string> group_rows(const Query& query, Groups& groups, const Output& output);

} // namespace nlb::query
