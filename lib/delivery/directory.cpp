// SPDX-License-Identifier: Apache-2.0
#include "delivery/directory.hpp"

#include "io/fd.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

namespace nlb::delivery {

namespace {

constexpr mode_t kFolderMode = 0750;
constexpr mode_t kFileMode = 0640;

/// Every step of `below` under `base`.
Result<void> make_folders(const std::string& base, std::string_view below) {
    std::string path = base;
    while (!below.empty()) {
        const std::size_t end = below.find('/');
        const std::string parent = path;
        path += '/';
        path += below.substr(0, end);
        if (::mkdir(path.c_str(), kFolderMode) == 0) {
            if (auto synced = io::sync_folder(parent); !synced) return synced;
        } else if (errno != EEXIST) {
            return io::sys_error("make " + in_quotes(path));
        }
        below.remove_prefix(end == std::string_view::npos ? below.size() : end + 1);
    }
    return {};
}

Result<void> write_file(const std::string& path, std::string_view bytes) {
    const std::string attempt = "write " + in_quotes(path);
    io::Fd file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kFileMode));
    if (!file.is_open()) return io::sys_error(attempt);
    while (!bytes.empty()) {
        const ssize_t n =
            io::retry([&] { return ::write(file.get(), bytes.data(), bytes.size()); });
        if (n < 0) return io::sys_error(attempt);
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    if (::fsync(file.get()) != 0) return io::sys_error(attempt);
    return file.close(attempt);
}

} // namespace

Result<Directory> Directory::open(const std::string& path) {
    if (::mkdir(path.c_str(), kFolderMode) != 0 && errno != EEXIST)
        return io::sys_error("make " + in_quotes(path));
    if (::access(path.c_str(), W_OK | X_OK) != 0)
        return io::sys_error("write into " + in_quotes(path));
    return Directory(path);
}

Result<std::string> Directory::put(const Object& object, WallTime now) const {
    std::string folder = accesslog::file_folder(object.head.label, object.head.place.prefix, now);
    folder.pop_back(); // its last slash
    // A name that readers of the directory skip, and that a second attempt writes over.
    const std::string draft = path_ + "/.incoming-" + object.name;
    const std::string path = path_ + '/' + folder + '/' + object.name;
    auto done = make_folders(path_, folder);
    if (done) done = write_file(draft, object.bytes);
    if (done && ::rename(draft.c_str(), path.c_str()) != 0)
        done = io::sys_error("rename to " + in_quotes(path));
    if (done) done = io::sync_folder(path_ + '/' + folder);
    if (!done) return tl::unexpected<Error>(done.error());
    return path;
}

Result<std::size_t> Directory::remove_older(WallTime time) const {
    namespace fs = std::filesystem;
    std::error_code error;
    std::vector<fs::path> old;
    for (fs::recursive_directory_iterator at(path_, error), end; !error && at != end;
         at.increment(error)) {
        const std::string name = at->path().filename().string();
        if (name.starts_with('.')) { // drafts, and the spool
            at.disable_recursion_pending();
            continue;
        }
        const auto ended = accesslog::end_in_file_name(name);
        if (ended && *ended < time && at->is_regular_file(error)) old.push_back(at->path());
    }
    if (error) return io::sys_error("read " + in_quotes(path_), error.value());
    for (const fs::path& path : old) {
        if (!fs::remove(path, error) && error)
            return io::sys_error("remove " + in_quotes(path.string()), error.value());
        ::rmdir(path.parent_path().c_str()); // only the last of a folder succeeds
    }
    return old.size();
}

} // namespace nlb::delivery
