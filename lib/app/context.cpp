// SPDX-License-Identifier: Apache-2.0
#include "app/context.hpp"

#include "io/notify.hpp"

#include "base/text.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace nlb::app {

void Log::write(LogLevel level, std::string_view label, std::string_view text) const {
    if (level > level_) return;
    std::string line = tool_ + ": ";
    line += label;
    line += text;
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), stderr); // one write: lines of tools do not mix
}

contract::Hello Context::hello(std::string role, std::string node, std::string zone) const {
    contract::Hello hello{.contract = contract::kContractVersion,
                          .tool = tool,
                          .instance = instance,
                          .role = std::move(role),
                          .node = std::nullopt,
                          .zone = std::nullopt};
    if (!node.empty()) hello.node = std::move(node);
    if (!zone.empty()) hello.zone = std::move(zone);
    return hello;
}

void Context::tell_service_manager(std::string_view state) const {
    if (auto told = io::notify_service_manager(state); !told) log.warning(told.error().text());
}

std::string runtime_dir() {
    const char* set = std::getenv("NLB_RUNTIME_DIR"); // NOLINT(concurrency-mt-unsafe)
    return set != nullptr && *set != '\0' ? set : "/run/nlb";
}

Result<std::string> socket_path(std::string_view text) {
    constexpr std::string_view kPrefix = "unix:";
    if (!text.starts_with(kPrefix) || text.size() == kPrefix.size()) {
        return fail(Errc::Usage, in_quotes(text) + " must be unix:NAME or unix:/PATH");
    }
    std::string path(text.substr(kPrefix.size()));
    if (path.front() != '/') {
        if (path.find('.') == std::string::npos) path += ".sock";
        path.insert(0, runtime_dir() + "/");
    }
    constexpr std::size_t kLongest = 107; // unix(7)
    if (path.size() > kLongest) {
        return fail(Errc::Usage, "socket path " + in_quotes(path) + " has " +
                                     std::to_string(path.size()) + " bytes, 107 are allowed");
    }
    return path;
}

std::string default_node() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
    return name.data();
}

} // namespace nlb::app
