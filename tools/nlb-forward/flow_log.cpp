// SPDX-License-Identifier: Apache-2.0
#include "flow_log.hpp"

#include "accesslog/vpc_flow_log.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

Result<FlowLog> FlowLog::open(const std::string& path) {
    io::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!file.is_open()) return io::sys_error("open " + in_quotes(path));
    FlowLog log(std::move(file), path);

    struct stat about {};

    if (::fstat(log.file_.get(), &about) == 0 && about.st_size == 0)
        log.lines_ = accesslog::kVpcFlowLogHeader;
    return log;
}

void FlowLog::put(const contract::Flow& flow) {
    accesslog::append_vpc_flow_records(flow, lines_);
}

Result<void> FlowLog::flush() {
    const std::string lines = std::exchange(lines_, {});
    std::string_view left = lines;
    while (!left.empty()) {
        const ssize_t n = io::retry([&] { return ::write(file_.get(), left.data(), left.size()); });
        if (n < 0) return io::sys_error("write " + in_quotes(path_));
        left.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}
