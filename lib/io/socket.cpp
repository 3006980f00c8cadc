// SPDX-License-Identifier: Apache-2.0
#include "io/socket.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace nlb::io {

SocketAddress SocketAddress::from(const Endpoint& endpoint) {
    SocketAddress out;
    const auto bytes = endpoint.address.bytes();
    if (endpoint.address.is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(endpoint.port);
        std::memcpy(&v4.sin_addr, bytes.data(), bytes.size());
        std::memcpy(&out.storage, &v4, sizeof v4);
        out.length = sizeof v4;
    } else {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(endpoint.port);
        std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
        std::memcpy(&out.storage, &v6, sizeof v6);
        out.length = sizeof v6;
    }
    return out;
}

Endpoint SocketAddress::endpoint() const {
    if (storage.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &storage, sizeof v4);
        std::uint8_t raw[4];
        std::memcpy(raw, &v4.sin_addr, sizeof raw);
        return {IpAddress::from_bytes(raw), ntohs(v4.sin_port)};
    }
    if (storage.ss_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &storage, sizeof v6);
        std::uint8_t raw[16];
        std::memcpy(raw, &v6.sin6_addr, sizeof raw);
        return {IpAddress::from_bytes(raw), ntohs(v6.sin6_port)};
    }
    return {};
}

namespace {

Result<sockaddr_un> unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        return fail(Errc::Usage, "socket path " + in_quotes(path) + " must have 1 to " +
                                     std::to_string(sizeof address.sun_path - 1) + " bytes");
    }
    std::copy(path.begin(), path.end(), std::begin(address.sun_path));
    return address;
}

Result<Fd> unix_socket(int flags) {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    if (!fd.is_open()) return sys_error("create a Unix socket");
    return fd;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address); // NOLINT: the socket API
}

} // namespace

Endpoint local_endpoint(int socket) {
    SocketAddress address;
    if (::getsockname(socket, address.get(), &address.length) != 0) return {};
    return address.endpoint();
}

Result<void> make_socket_directory(const std::string& socket_path) {
    const std::size_t slash = socket_path.rfind('/');
    if (slash == std::string::npos || slash == 0) return {};
    const std::string directory = socket_path.substr(0, slash);
    if (::mkdir(directory.c_str(), 0750) != 0 && errno != EEXIST) {
        return sys_error("make the directory " + in_quotes(directory));
    }
    return {};
}

Result<Fd> connect_unix(const std::string& path) {
    const auto address = unix_address(path);
    if (!address) return tl::unexpected<Error>(address.error());
    auto fd = unix_socket(SOCK_NONBLOCK);
    if (!fd) return fd;
    if (retry([&] { return ::connect(fd->get(), generic(*address), sizeof *address); }) != 0) {
        return sys_error("connect to " + in_quotes(path));
    }
    return fd;
}

namespace {

/// What a process that is gone has left. Anything else at that place is somebody's.
Result<void> remove_dead_socket(const std::string& path) {
    struct stat info {};

    if (::lstat(path.c_str(), &info) != 0) return {}; // bind() says what is wrong, if anything
    const std::string attempt = "listen at " + in_quotes(path);
    if (!S_ISSOCK(info.st_mode)) {
        return fail(Errc::System, attempt + ": there is something that is no socket");
    }
    if (connect_unix(path)) return fail(Errc::System, attempt + ": another process listens there");
    if (::unlink(path.c_str()) != 0) return sys_error(attempt + ": remove the old socket");
    return {};
}

} // namespace

Result<UnixListener> UnixListener::make(const std::string& path) {
    const auto address = unix_address(path);
    if (!address) return tl::unexpected<Error>(address.error());
    const std::string lock_path = path + ".lock";
    Fd lock(::open(lock_path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0660));
    if (!lock.is_open()) return sys_error("open " + in_quotes(lock_path));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        return sys_error("listen at " + in_quotes(path) + ": another process holds its lock");
    }
    auto socket = unix_socket(SOCK_NONBLOCK);
    if (!socket) return tl::unexpected<Error>(socket.error());
    if (auto freed = remove_dead_socket(path); !freed) {
        return tl::unexpected<Error>(freed.error());
    }
    const mode_t before = ::umask(0117);
    const int bound = ::bind(socket->get(), generic(*address), sizeof *address);
    const int error = errno;
    ::umask(before);
    if (bound != 0) return sys_error("bind " + in_quotes(path), error);
    if (::listen(socket->get(), SOMAXCONN) != 0) return sys_error("listen at " + in_quotes(path));
    return UnixListener(std::move(*socket), std::move(lock), path);
}

UnixListener::~UnixListener() {
    if (socket_.is_open()) ::unlink(path_.c_str());
}

Result<Fd> UnixListener::accept() {
    const int fd = retry(
        [&] { return ::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK); });
    if (fd >= 0) return Fd(fd);
    if (errno == EAGAIN || errno == ECONNABORTED) return Fd();
    return sys_error("accept at " + in_quotes(path_));
}

} // namespace nlb::io
