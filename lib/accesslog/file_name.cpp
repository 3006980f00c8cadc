// SPDX-License-Identifier: Apache-2.0
#include "accesslog/file_name.hpp"

#include "accesslog/timestamp.hpp"

#include <algorithm>

namespace nlb::accesslog {

namespace {

constexpr std::size_t kLongestId = 128;

std::string iso(WallTime time) {
    std::string text;
    append_time(time.unix_ms / 1000, text);
    return text;
}

std::string_view service(LogKind kind) {
    return kind == LogKind::Access ? "elasticloadbalancing" : "vpcflowlogs";
}

} // namespace

bool is_resource_id(std::string_view id) {
    return !id.empty() && id.size() <= kLongestId && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.' || c == '/';
    });
}

std::string file_name(const FileLabel& label, std::string_view suffix) {
    std::string id = label.load_balancer;
    std::replace(id.begin(), id.end(), '/', '.');
    std::string time = iso(label.end).substr(0, 16);
    std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
    std::string name = label.account;
    for (const std::string_view part :
         {service(label.kind), std::string_view(label.region), std::string_view(id)}) {
        name += '_';
        name += part;
    }
    name += '_' + time + "Z_" + label.random + ".log";
    name += suffix;
    return name;
}

std::optional<WallTime> end_in_file_name(std::string_view name) {
    const std::size_t random = name.rfind('_');
    constexpr std::size_t kLength = 14; // 20181220T2340Z
    if (random == std::string_view::npos || random < kLength + 1 ||
        name[random - kLength - 1] != '_' || name.find(".log", random) == std::string_view::npos)
        return std::nullopt;
    const std::string_view end = name.substr(random - kLength, kLength);
    if (end[8] != 'T' || end[13] != 'Z') return std::nullopt;
    const auto part = [&](std::size_t at, std::size_t count) {
        return std::string(end.substr(at, count));
    };
    const auto seconds = parse_time(part(0, 4) + '-' + part(4, 2) + '-' + part(6, 2) + 'T' +
                                    part(9, 2) + ':' + part(11, 2) + ":00");
    if (!seconds) return std::nullopt;
    return WallTime{*seconds * 1000};
}

bool is_flow_log_name(std::string_view name) {
    const std::size_t account = name.find('_');
    if (account == std::string_view::npos) return false;
    const std::string_view rest = name.substr(account + 1);
    return rest.substr(0, rest.find('_')) == service(LogKind::Flow) && end_in_file_name(name);
}

std::string account_folder(std::string_view account, std::string_view prefix) {
    std::string folder(prefix);
    while (folder.ends_with('/'))
        folder.pop_back();
    if (!folder.empty()) folder += '/';
    folder += "AWSLogs/";
    folder += account;
    return folder + '/';
}

std::string file_folder(const FileLabel& label, std::string_view prefix, WallTime delivered) {
    std::string day = iso(delivered).substr(0, 10);
    std::replace(day.begin(), day.end(), '-', '/');
    std::string folder = account_folder(label.account, prefix);
    folder += service(label.kind);
    return folder + '/' + label.region + '/' + day + '/';
}

} // namespace nlb::accesslog
