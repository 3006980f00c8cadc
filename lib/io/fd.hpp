// SPDX-License-Identifier: Apache-2.0
// Owning a file descriptor, and system calls as Results.
#pragma once

#include "base/result.hpp"

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace nlb::io {

/// Owns one descriptor; movable, not copyable; the destructor closes silently.
class Fd {
  public:
    Fd() = default;

    explicit Fd(int fd) : fd_(fd) {}

    ~Fd() { reset(); }

    Fd(Fd&& other) noexcept : fd_(other.release()) {}

    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) reset(other.release());
        return *this;
    }

    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;

    [[nodiscard]] int get() const { return fd_; }

    [[nodiscard]] bool is_open() const { return fd_ >= 0; }

    int release() { return std::exchange(fd_, -1); }

    void reset(int fd = -1);

    /// Closes and tells: a write error of a file can appear only here.
    Result<void> close(std::string_view attempt);

    /// A second descriptor of the same open file, close-on-exec.
    [[nodiscard]] Result<Fd> duplicate() const;

  private:
    int fd_ = -1;
};

/// The Error of a call that just set errno: "bind 192.0.2.1:443: Address already in use".
tl::unexpected<Error> sys_error(std::string attempt, int error = errno);

/// Retries `call` while a signal interrupts it.
template <class Call>
auto retry(Call&& call) {
    decltype(call()) rc{};
    do {
        rc = call();
    } while (rc < 0 && errno == EINTR);
    return rc;
}

/// Opens a file, a FIFO or standard input ("-") as a stream for an EventLoop. Never waits for the
/// writer of a FIFO: the loop does. Errors: System with the path.
Result<Fd> open_stream(const std::string& path);

/// Bytes of a whole file or of standard input ("-"), at most `limit`.
/// Errors: System with the path; Usage when it is longer than `limit`.
Result<std::string> read_file(const std::string& path, std::size_t limit);

/// Makes what was made, renamed or removed in a folder survive a loss of power. Errors: System.
Result<void> sync_folder(const std::string& path);

/// Puts `content` in the place of the file at `path`, as a whole and on the disk, or leaves the old
/// file as it was. Mode 0640. Errors: System with the path.
Result<void> replace_file(const std::string& path, std::string_view content);

} // namespace nlb::io
