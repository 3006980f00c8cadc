// SPDX-License-Identifier: Apache-2.0
#include "replay_inputs.hpp"

#include "app/configuration_file.hpp"
#include "io/fd.hpp"

#include "base/text.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr std::size_t kLongestHealth = 256U << 20U;
constexpr std::uint64_t kLatest = 9'000'000'000; ///< seconds; what fits in Nanos

struct ConfigurationAt {
    Nanos from;
    std::string file;
};

bool is_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// "1700000000" or "1700000000.25": Unix time as tcpdump -tt prints it.
std::optional<Nanos> parse_time(std::string_view text) {
    const std::size_t point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    std::string fraction(point == text.npos ? "" : text.substr(point + 1));
    const bool has_fraction = point != text.npos;
    if (whole.empty() || whole.size() > 10 || !is_digits(whole) || !is_digits(fraction) ||
        fraction.size() > 9 || (has_fraction && fraction.empty()))
        return std::nullopt;
    fraction.resize(9, '0');
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    std::from_chars(whole.data(), whole.data() + whole.size(), seconds);
    std::from_chars(fraction.data(), fraction.data() + fraction.size(), nanoseconds);
    if (static_cast<std::uint64_t>(seconds) > kLatest) return std::nullopt;
    return Nanos::seconds(seconds) + Nanos{nanoseconds};
}

Result<ConfigurationAt> configuration_at(const std::string& text) {
    const std::size_t equals = text.find('=');
    const auto from = parse_time(std::string_view(text).substr(0, equals));
    if (!from || equals == std::string::npos || equals + 1 == text.size())
        return fail(Errc::Usage, "--config-at " + in_quotes(text) +
                                     ": must be SECONDS=FILE, like 1700000000.5=nlb.toml");
    return ConfigurationAt{*from, text.substr(equals + 1)};
}

Result<std::vector<replay::ConfigurationFrom>> configurations(const app::Context& context,
                                                              const ReplayOptions& options) {
    std::vector<ConfigurationAt> files{{{}, options.config}};
    for (const std::string& text : options.config_at) {
        auto at = configuration_at(text);
        if (!at) return tl::unexpected<Error>(at.error());
        files.push_back(std::move(*at));
    }
    std::stable_sort(files.begin() + 1, files.end(),
                     [](const auto& a, const auto& b) { return a.from < b.from; });
    std::vector<replay::ConfigurationFrom> out;
    for (const ConfigurationAt& at : files) {
        auto loaded = app::load_configuration(context, at.file);
        if (!loaded) return tl::unexpected<Error>(loaded.error());
        out.push_back({at.from, at.file, std::move(*loaded)});
    }
    return out;
}

bool is_same_file(const std::string& path, const std::string& input) {
    struct stat out {};

    struct stat in {};

    if (::stat(path.c_str(), &out) != 0 || !S_ISREG(out.st_mode)) return false;
    const int rc = input == "-" ? ::fstat(STDIN_FILENO, &in) : ::stat(input.c_str(), &in);
    return rc == 0 && out.st_dev == in.st_dev && out.st_ino == in.st_ino;
}

} // namespace

Result<ReplayTimeline> replay_timeline(const app::Context& context, const ReplayOptions& options) {
    auto known = configurations(context, options);
    if (!known) return tl::unexpected<Error>(known.error());
    auto lines = std::make_unique<std::string>();
    if (!options.health.empty()) {
        auto text = io::read_file(options.health, kLongestHealth);
        if (!text) return tl::unexpected<Error>(text.error());
        *lines = std::move(*text);
    }
    const std::string name = in_quotes(options.health);
    auto timeline = replay::Timeline::make(
        std::move(*known), *lines, {options.zone, options.host_ports},
        [&](const std::string& what) { context.log.warning(name + ": " + what); });
    if (!timeline && timeline.error().code == Errc::Data && !options.health.empty())
        return forward(timeline.error(), name);
    if (!timeline) return tl::unexpected<Error>(timeline.error());
    return ReplayTimeline{std::move(lines), std::move(*timeline)};
}

std::vector<std::string> input_files(const ReplayOptions& options) {
    std::vector<std::string> files{options.capture, options.config};
    for (const std::string& text : options.config_at)
        files.push_back(text.substr(text.find('=') + 1));
    for (const std::string& file : {options.health, options.difference}) {
        if (!file.empty()) files.push_back(file);
    }
    return files;
}

/// Opening the output empties it.
Result<void> keep_inputs(const ReplayOptions& options) {
    if (options.write.empty() || options.write == "-") return {};
    for (const std::string& input : input_files(options)) {
        if (is_same_file(options.write, input))
            return fail(Errc::Usage,
                        "--write " + in_quotes(options.write) + " is an input: it would be lost");
    }
    return {};
}
