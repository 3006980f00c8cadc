// SPDX-License-Identifier: Apache-2.0
// Sockets: addresses between our values and the kernel's, Unix sockets with their lock files.
#pragma once

#include "io/fd.hpp"

#include "base/ip.hpp"

#include <sys/socket.h>

#include <string>

namespace nlb::io {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = sizeof(sockaddr_storage);

    static SocketAddress from(const Endpoint& endpoint);

    /// The endpoint; IPv4 0.0.0.0:0 for other families.
    [[nodiscard]] Endpoint endpoint() const;

    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&storage); // NOLINT: the socket API
    }

    [[nodiscard]] sockaddr* get() {
        return reinterpret_cast<sockaddr*>(&storage); // NOLINT: the socket API
    }
};

/// What the socket is bound to; IPv4 0.0.0.0:0 when it is to nothing.
Endpoint local_endpoint(int socket);

/// Makes the directory in which a socket will lie, mode 0750, if only that last step of its path is
/// missing. Errors: System.
Result<void> make_socket_directory(const std::string& socket_path);

/// Connects to a Unix stream socket; non-blocking and close-on-exec afterwards.
Result<Fd> connect_unix(const std::string& path);

/// A Unix stream socket that listens at `path`, mode 0660, with PATH.lock held while it lives. A
/// socket file that nobody answers is replaced; one that is in use is an error.
class UnixListener {
  public:
    static Result<UnixListener> make(const std::string& path);
    ~UnixListener();
    UnixListener(UnixListener&&) noexcept = default;
    UnixListener& operator=(UnixListener&&) noexcept = default;
    UnixListener(const UnixListener&) = delete;
    UnixListener& operator=(const UnixListener&) = delete;

    /// What another process had made and passed on, with its lock.
    static UnixListener adopt(Fd socket, Fd lock, std::string path) {
        return {std::move(socket), std::move(lock), std::move(path)};
    }

    [[nodiscard]] int fd() const { return socket_.get(); }

    [[nodiscard]] int lock() const { return lock_.get(); }

    /// Leaves socket, file and lock to a process that adopted them.
    void leave() { socket_.reset(); }

    /// The next connection, or a closed Fd when none waits.
    Result<Fd> accept();

  private:
    UnixListener(Fd socket, Fd lock, std::string path)
        : socket_(std::move(socket)), lock_(std::move(lock)), path_(std::move(path)) {}

    Fd socket_;
    Fd lock_;
    std::string path_;
};

} // namespace nlb::io
