// SPDX-License-Identifier: Apache-2.0
#include "output_file.hpp"

#include <fcntl.h>
#include <unistd.h>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

Result<void> OutputFile::open(const std::string& path) {
    fd_.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
    if (!fd_.is_open()) return io::sys_error("open " + path);
    path_ = path;
    return {};
}

Result<void> OutputFile::write(std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = io::retry([&] { return ::write(fd_.get(), text.data(), text.size()); });
        if (n < 0) return io::sys_error("write " + path_);
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}
