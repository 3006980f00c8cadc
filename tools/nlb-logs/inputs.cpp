// SPDX-License-Identifier: Apache-2.0
#include "inputs.hpp"

#include "io/fd.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <filesystem>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words
namespace fs = std::filesystem;

namespace {

bool is_below(const std::string& file, const std::string& folder) {
    std::error_code error;
    if (!fs::is_directory(folder, error)) return false;
    const fs::path inside = fs::weakly_canonical(file, error);
    const fs::path outside = fs::weakly_canonical(folder, error);
    return std::mismatch(outside.begin(), outside.end(), inside.begin(), inside.end()).first ==
           outside.end();
}

} // namespace

Result<std::vector<std::string>> paths_of(const Reading& reading) {
    std::vector<std::string> paths = reading.files;
    if (paths.empty() == !reading.files_on_stdin)
        return fail(Errc::Usage, "either FILES or --null and their names on standard input");
    if (!reading.files_on_stdin) return paths;
    constexpr std::size_t kMost = 64U << 20U;
    const auto names = io::read_file("-", kMost);
    if (!names) return tl::unexpected<Error>(names.error());
    for (std::string_view rest = *names; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\0'), rest.size());
        if (end > 0) paths.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return paths;
}

Result<void> check_outputs(const Reading& reading, const std::vector<std::string>& paths,
                           const std::vector<std::string>& inputs) {
    for (const std::string& output : {reading.rejects, reading.output}) {
        if (output.empty()) continue;
        std::error_code error;
        const bool is_old = fs::is_regular_file(output, error);
        const bool is_read =
            (is_old &&
             std::any_of(inputs.begin(), inputs.end(),
                         [&](const auto& i) { return fs::equivalent(output, i, error); })) ||
            (reading.follows && std::any_of(paths.begin(), paths.end(),
                                            [&](const auto& p) { return is_below(output, p); }));
        if (is_read) return fail(Errc::Usage, in_quotes(output) + " is read and would be written");
    }
    return {};
}
