// SPDX-License-Identifier: Apache-2.0
// Asks many files one question on several threads. The answer is the same bytes whatever their
// number: rows come in the order of files and lines, groups are merged without regard to order.
// A file is decompressed by one thread at a time, but its pieces are worked on by all, so that one
// large plain file keeps every thread busy, too. Memory does not grow with the input.
#pragma once

#include "query/worker.hpp"
#include "scan/feed.hpp"

#include "base/result.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace nlb::scan {

struct Wishes {
    unsigned jobs = 1;
    bool is_strict = false; ///< the first line that is no entry ends it
    query::Worker::Wishes worker;
    std::optional<envelope::Key> key{}; ///< for files that are encrypted
    /// Told when a file is done: how many are, of how many. Called by one thread at a time.
    std::function<void(std::size_t, std::size_t)> progress;
};

struct Totals {
    std::uint64_t entries = 0;
    std::uint64_t rejected = 0;
    std::string first_rejected;  ///< "FILE: less than 18 fields"
    std::vector<Error> problems; ///< files that could not be read, or not to their end
    std::uint64_t bytes = 0;     ///< taken from files, before decompression
};

/// Where to: rows and rejected lines in the order of the input. Called by one thread at a time;
/// false ends the work. Called from any thread.
struct Sink {
    std::function<Result<bool>(const std::string& rows)> rows;
    std::function<Result<bool>(const std::string& lines)> rejected;
};

struct Answer {
    Totals totals;
    std::vector<query::Candidate> candidates; ///< of an order, settled
    query::Groups groups;
};

/// `query` must outlive the answer. Errors: those of the sink; Data with is_strict.
Result<Answer> scan(const std::vector<Input>& inputs, const query::Query& query,
                    const Wishes& wishes, const Sink& sink);

} // namespace nlb::scan
