// SPDX-License-Identifier: Apache-2.0
#include "io/fd.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>

namespace nlb::io {

void Fd::reset(int fd) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
}

Result<void> Fd::close(std::string_view attempt) {
    const int fd = release();
    if (fd >= 0 && ::close(fd) != 0 && errno != EINTR) return sys_error(std::string(attempt));
    return {};
}

Result<Fd> Fd::duplicate() const {
    const int copy = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return sys_error("duplicate a descriptor");
    return Fd(copy);
}

tl::unexpected<Error> sys_error(std::string attempt, int error) {
    return fail(Errc::System, std::move(attempt), error);
}

Result<Fd> open_stream(const std::string& path) {
    const int fd = path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                               : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return sys_error("open " + (path == "-" ? "standard input" : in_quotes(path)));
    return Fd(fd);
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
    Fd opened;
    int fd = STDIN_FILENO;
    if (path != "-") {
        // Opening a FIFO that nobody writes to would wait for ever; reading one is its end.
        opened.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        if (!opened.is_open()) return sys_error("open " + in_quotes(path));
        fd = opened.get();
        ::fcntl(fd, F_SETFL, O_RDONLY);
    }
    std::string content;
    std::array<char, 65536> buffer{};
    for (;;) {
        const ssize_t n = retry([&] { return ::read(fd, buffer.data(), buffer.size()); });
        if (n < 0) return sys_error("read " + in_quotes(path));
        if (n == 0) return content;
        content.append(buffer.data(), static_cast<std::size_t>(n));
        if (content.size() > limit) {
            return fail(Errc::Usage, "read " + in_quotes(path) + ": longer than the " +
                                         std::to_string(limit) + " bytes allowed");
        }
    }
}

Result<void> sync_folder(const std::string& path) {
    const Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.is_open() || ::fsync(folder.get()) != 0)
        return sys_error("sync " + in_quotes(path));
    return {};
}

Result<void> replace_file(const std::string& path, std::string_view content) {
    constexpr mode_t kMode = 0640;
    const std::string draft = path + ".new";
    const std::string attempt = "write " + in_quotes(draft);
    Fd file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kMode));
    if (!file.is_open()) return sys_error(attempt);
    while (!content.empty()) {
        const ssize_t n =
            retry([&] { return ::write(file.get(), content.data(), content.size()); });
        if (n < 0) return sys_error(attempt);
        content.remove_prefix(static_cast<std::size_t>(n));
    }
    if (::fsync(file.get()) != 0) return sys_error(attempt);
    if (auto closed = file.close(attempt); !closed) return closed;
    if (::rename(draft.c_str(), path.c_str()) != 0) return sys_error("replace " + in_quotes(path));
    return {};
}

} // namespace nlb::io
