// SPDX-License-Identifier: Apache-2.0
// What every tool does alike: options, --help, --version, --schema, -q and -v, error lines, exit
// statuses. A tool is a table of commands; its main hands argv over.
//
// Exit status: 0 done; 1 the asked-for answer is no; 2 usage or configuration; 3 input partly bad;
// 4 input/output or system. A filter dies of SIGPIPE like any other.
#pragma once

#include "app/context.hpp"
#include "app/options.hpp"

#include "base/result.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::app {

constexpr int kDone = 0;
constexpr int kAnswerIsNo = 1;
constexpr int kUsage = 2;
constexpr int kInputPartlyBad = 3;
constexpr int kSystem = 4;

struct Command {
    std::string name;
    std::string summary; ///< one line, starts with a verb
    /// Declares the command's options and returns what runs it with them.
    std::function<std::function<Result<int>(Context&)>(Options&)> declare;
};

struct Tool {
    std::string name;
    std::string summary;
    std::vector<Command> commands;
    std::vector<std::string> examples;      ///< two or more, shown at the end of --help
    std::vector<std::string_view> messages; ///< what --schema prints
};

int tool_main(int argc, char** argv, const Tool& tool);

/// Writes all of `text` to standard output. Errors: System, so that a full disk is status 4.
Result<void> print(std::string_view text);

} // namespace nlb::app
