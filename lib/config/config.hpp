// SPDX-License-Identifier: Apache-2.0
// nlb.toml(5): text to model::Configuration with every default filled in and every rule held, or
// every problem of the file at once. Pure: the tool reads the file.
#pragma once

#include "config/document.hpp"
#include "model/configuration.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::config {

/// One thing wrong with a file.
struct Problem {
    std::string file;
    Position at;
    std::string path;                 ///< empty for the syntax of the file
    std::optional<std::string> value; ///< none when something is missing
    std::string allowed;              ///< what would be right

    /// "FILE:LINE:COLUMN: PATH = 'VALUE': ALLOWED"; one printable line whatever the file contains.
    /// `label` stands before PATH: "warning: ".
    [[nodiscard]] std::string text(std::string_view label = {}) const;
};

/// In the order of the file.
using Problems = std::vector<Problem>;

struct Loaded {
    model::Configuration configuration;
    Problems warnings; ///< advice of the guide; the file is valid
};

constexpr std::size_t kMostProblems = 1000; ///< the next one says how many are left out

/// `file` is only for messages. Advice goes to `warnings` as well, when it is given, and then also
/// of a file that is not valid, as far as it does not rest on what is wrong.
Result<Loaded, Problems> load(std::string_view text, std::string_view file,
                              Problems* warnings = nullptr);

/// The effective configuration as a document: every default filled in. Written as TOML it loads
/// to the same configuration.
Node show(const model::Configuration& configuration);

} // namespace nlb::config
