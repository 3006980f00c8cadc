// SPDX-License-Identifier: Apache-2.0
// What the reading commands have in common: which files, which time, how many threads, how the
// answer looks, and what happens to lines that are no entries.
#pragma once

#include "query/query.hpp"
#include "scan/files.hpp"
#include "scan/scan.hpp"

#include "app/tool.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

struct Reading {
    std::vector<std::string> files;
    bool files_on_stdin = false; ///< their names, each with a zero byte behind
    std::string since;
    std::string until;
    std::uint64_t jobs = 0; ///< 0: as many as there are processors
    bool is_strict = false;
    std::string rejects; ///< a file
    std::string key;     ///< a file
    bool json = false;
    bool csv = false;
    bool tsv = false; ///< also on a terminal
    bool raw = false;
    bool follows = false;                                  ///< goes on with files that appear
    bool shows_bars = false;                               ///< of the last column, on a terminal
    bool shows_spark = false;                              ///< the same in one line
    bool turned_round = false;                             ///< the last row of an order first
    std::function<nlb::Result<void>(std::string_view)> to; ///< in place of standard output
    std::string output;                                    ///< the file that `to` writes
};

/// The options of every reading command.
void declare_reading(nlb::app::Options& declare, Reading& reading);

/// --follow.
void declare_follow(nlb::app::Options& declare, Reading& reading);

/// --json, --csv and --tsv.
void declare_formats(nlb::app::Options& declare, Reading& reading);

/// Asks the files and prints the answer. Errors: Usage, System; what is wrong with single files
/// or lines is logged and becomes the exit status.
nlb::Result<int> answer(nlb::app::Context& context, const Reading& reading,
                        const nlb::query::Clauses& clauses);
