// SPDX-License-Identifier: Apache-2.0
#include "io/source.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace nlb::io {

namespace {

/// Whether `fd` has something, or its end, before `until` has.
bool comes_first(int fd, int until) {
    std::array<pollfd, 2> both{{{fd, POLLIN, 0}, {until, POLLIN, 0}}};
    retry([&] { return ::poll(both.data(), both.size(), -1); });
    return both[1].revents == 0;
}

} // namespace

Result<compress::ByteSource> open_source(const std::string& path, const Fd* until) {
    auto fd = std::make_shared<Fd>(); // a std::function must be copyable
    if (path == "-") {
        const int copy = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
        if (copy < 0) return sys_error("standard input");
        fd->reset(copy);
    } else {
        fd->reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd->is_open()) return sys_error("open " + path);
    }
    return [fd, path, until](std::span<std::uint8_t> out) -> Result<std::size_t> {
        if (until != nullptr && !comes_first(fd->get(), until->get())) return 0;
        const ssize_t n = retry([&] { return ::read(fd->get(), out.data(), out.size()); });
        if (n < 0) return sys_error("read " + (path == "-" ? "standard input" : path));
        return static_cast<std::size_t>(n);
    };
}

compress::ByteSource part_of(std::shared_ptr<const Fd> file, const std::string& path,
                             std::uint64_t from, std::uint64_t to) {
    return [file = std::move(file), path, from,
            to](std::span<std::uint8_t> out) mutable -> Result<std::size_t> {
        const std::size_t wanted = std::min<std::uint64_t>(out.size(), to - from);
        if (wanted == 0) return 0;
        const ssize_t n = retry(
            [&] { return ::pread(file->get(), out.data(), wanted, static_cast<off_t>(from)); });
        if (n < 0) return sys_error("read " + path);
        from += static_cast<std::uint64_t>(n);
        return static_cast<std::size_t>(n);
    };
}

} // namespace nlb::io
