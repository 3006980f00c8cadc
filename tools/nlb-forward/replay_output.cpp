// SPDX-License-Identifier: Apache-2.0
#include "replay_output.hpp"

#include "app/tool.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <unistd.h>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

Result<ReplayOutput> ReplayOutput::open(const std::string& path) {
    ReplayOutput output;
    if (path.empty()) return output;
    output.frames_.emplace(path.ends_with(".pcapng") ? capture::WriterFormat::Pcapng
                                                     : capture::WriterFormat::Pcap);
    output.has_lines_ = path != "-";
    if (!output.has_lines_) return output;
    output.path_ = path;
    output.file_.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!output.file_.is_open()) return io::sys_error("open " + in_quotes(path));
    return output;
}

Result<void> ReplayOutput::flush() {
    if (has_lines_) {
        if (auto done = app::print(lines_); !done) return done;
        lines_.clear(); // and keep the memory
    }
    if (!frames_) return {};
    auto done = has_lines_ ? write_file(frames_->bytes()) : app::print(frames_->bytes());
    frames_->clear();
    return done;
}

Result<void> ReplayOutput::close() {
    if (!file_.is_open()) return {};
    return file_.close("close " + in_quotes(path_));
}

Result<void> ReplayOutput::write_file(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n =
            io::retry([&] { return ::write(file_.get(), bytes.data(), bytes.size()); });
        if (n < 0) return io::sys_error("write " + in_quotes(path_));
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}
