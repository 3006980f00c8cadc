// SPDX-License-Identifier: Apache-2.0
#include "delivery/spool.hpp"

#include "delivery/segment.hpp"

#include "io/source.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>

namespace nlb::delivery {

Result<Spool> Spool::open(const std::string& folder) {
    constexpr mode_t kMode = 0700;
    if (::mkdir(folder.c_str(), kMode) != 0 && errno != EEXIST)
        return io::sys_error("make " + in_quotes(folder));
    const std::string path = folder + "/lock";
    io::Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock.is_open()) return io::sys_error("open " + in_quotes(path));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return io::sys_error("lock " + in_quotes(path));
        return fail(Errc::Usage, "spool " + in_quotes(folder) + ": another process uses it");
    }
    return Spool(folder, std::move(lock));
}

Result<Spool::LeftOver> Spool::left_over() const {
    namespace fs = std::filesystem;
    std::error_code error;
    std::vector<std::string> paths;
    for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
        if (at->path().extension() == ".segment") paths.push_back(at->path().string());
    }
    if (error) return io::sys_error("read " + in_quotes(folder_), error.value());
    std::sort(paths.begin(), paths.end());
    LeftOver found;
    for (std::string& path : paths) {
        auto source = io::open_source(path);
        if (!source) return tl::unexpected<Error>(source.error());
        auto reader = SegmentReader::open(std::move(*source));
        const auto size = fs::file_size(path, error);
        if (error) return io::sys_error("read " + in_quotes(path), error.value());
        if (reader) {
            found.segments.push_back({std::move(path), reader->head().place.bucket, size});
        } else if (reader.error().code != Errc::Data ||
                   std::rename(path.c_str(), (path + ".damaged").c_str()) != 0) {
            return forward(reader.error(), in_quotes(path));
        } else {
            found.damaged.push_back(std::move(path));
        }
    }
    return found;
}

} // namespace nlb::delivery
