// SPDX-License-Identifier: Apache-2.0
#include "delivery/credentials.hpp"

#include "io/fd.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace nlb::delivery {

namespace {

constexpr std::size_t kLongestFile = 1U << 20U;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r";
    const std::size_t begin = text.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

/// The name in "[name]" or "[profile name]"; empty for a line that opens no section.
std::string_view section_name(std::string_view line) {
    if (!line.starts_with('[') || !line.ends_with(']')) return {};
    std::string_view name = trimmed(line.substr(1, line.size() - 2));
    constexpr std::string_view kProfile = "profile ";
    if (name.starts_with(kProfile)) name = trimmed(name.substr(kProfile.size()));
    return name;
}

std::string value_of(const Profile& profile, std::string_view name) {
    const auto found = profile.find(name);
    return found == profile.end() ? std::string() : found->second;
}

std::string file_path(const Environment& environment, const char* variable, const char* name) {
    if (std::string path = environment(variable); !path.empty()) return path;
    return environment("HOME") + "/.aws/" + name;
}

/// The profile in use, of one file; nothing when the file or the section is missing.
std::optional<Profile> profile_of(const Environment& environment, const std::string& path) {
    const auto text = io::read_file(path, kLongestFile);
    if (!text) return std::nullopt;
    const std::string name = environment("AWS_PROFILE");
    return find_profile(*text, name.empty() ? "default" : name);
}

/// Nothing when neither key is there.
Result<std::optional<Credentials>> complete(Credentials found) {
    if (found.access_key_id.empty() && found.secret_access_key.empty()) return std::nullopt;
    if (found.access_key_id.empty() || found.secret_access_key.empty())
        return fail(Errc::Usage, "credentials: " + found.source + " has only one of " +
                                     "access key id and secret access key");
    const auto is_plain = [](char c) { return c > ' ' && c < '\x7f'; };
    for (const std::string* text :
         {&found.access_key_id, &found.secret_access_key, &found.session_token}) {
        if (!std::all_of(text->begin(), text->end(), is_plain))
            return fail(Errc::Usage, "credentials: a key of " + found.source +
                                         " holds a byte that cannot be part of one");
    }
    return found;
}

} // namespace

std::optional<Profile> find_profile(std::string_view text, std::string_view name) {
    std::optional<Profile> profile;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.starts_with('[')) {
            if (profile) break;
            if (section_name(line) == name) profile.emplace();
        }
        const std::size_t equals = line.find('=');
        if (!profile || equals == std::string_view::npos || line.front() == '#' ||
            line.front() == ';')
            continue;
        profile->insert_or_assign(std::string(trimmed(line.substr(0, equals))),
                                  std::string(trimmed(line.substr(equals + 1))));
    }
    return profile;
}

std::vector<std::string> credential_files(const Environment& environment) {
    return {file_path(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            file_path(environment, "AWS_CONFIG_FILE", "config")};
}

Result<Credentials> find_credentials(const Environment& environment) {
    auto found = complete({environment("AWS_ACCESS_KEY_ID"), environment("AWS_SECRET_ACCESS_KEY"),
                           environment("AWS_SESSION_TOKEN"), "the environment"});
    if (!found) return tl::unexpected<Error>(found.error());
    if (*found) return std::move(**found);
    const auto files = credential_files(environment);
    for (const std::string& path : files) {
        const auto profile = profile_of(environment, path);
        if (!profile) continue;
        found = complete({value_of(*profile, "aws_access_key_id"),
                          value_of(*profile, "aws_secret_access_key"),
                          value_of(*profile, "aws_session_token"), in_quotes(path)});
        if (!found) return tl::unexpected<Error>(found.error());
        if (*found) return std::move(**found);
    }
    return fail(Errc::Usage, "credentials: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
                             "nor a profile in " +
                                 in_quotes(files[0]) + " or " + in_quotes(files[1]));
}

std::string find_region(const Environment& environment) {
    for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
        if (std::string region = environment(variable); !region.empty()) return region;
    }
    const auto profile =
        profile_of(environment, file_path(environment, "AWS_CONFIG_FILE", "config"));
    return profile ? value_of(*profile, "region") : std::string();
}

} // namespace nlb::delivery
