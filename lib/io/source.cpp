// SPDX-License-Identifier: Apache-2.0
#include "io/source.hpp"

#include "io/fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <memory>

namespace nlb::io {

Result<compress::ByteSource> open_source(const std::string& path) {
    auto fd = std::make_shared<Fd>(); // a std::function must be copyable
    if (path == "-") {
        const int copy = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
        if (copy < 0) return sys_error("standard input");
        fd->reset(copy);
    } else {
        fd->reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd->is_open()) return sys_error("open " + path);
    }
    return [fd, path](std::span<std::uint8_t> out) -> Result<std::size_t> {
        const ssize_t n = retry([&] { return ::read(fd->get(), out.data(), out.size()); });
        if (n < 0) return sys_error("read " + (path == "-" ? "standard input" : path));
        return static_cast<std::size_t>(n);
    };
}

} // namespace nlb::io
