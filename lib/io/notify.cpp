// SPDX-License-Identifier: Apache-2.0
#include "io/notify.hpp"

#include "base/text.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

namespace nlb::io {

Result<void> notify_service_manager(std::string_view state) {
    const char* set = std::getenv("NOTIFY_SOCKET"); // NOLINT(concurrency-mt-unsafe)
    if (set == nullptr || *set == '\0') return {};
    const std::string_view path(set);
    const std::string attempt = "notify the service manager at " + in_quotes(path);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path || (path.front() != '/' && path.front() != '@')) {
        return fail(Errc::System, attempt + ": not the path of a Unix socket");
    }
    std::copy(path.begin(), path.end(), std::begin(address.sun_path));
    if (path.front() == '@') address.sun_path[0] = '\0'; // the abstract namespace [unix(7)]
    const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd.is_open()) return sys_error(attempt);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    const auto* generic = reinterpret_cast<const sockaddr*>(&address); // NOLINT: the socket API
    const ssize_t sent = retry([&] {
        return ::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL, generic, length);
    });
    if (sent < 0) return sys_error(attempt);
    return {};
}

} // namespace nlb::io
