// SPDX-License-Identifier: Apache-2.0
#include "kernel/pins.hpp"

#include "base/text.hpp"

#include <bpf/bpf.h>

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

namespace nlb::kernel {

namespace {

constexpr const char* kFileSystem = "/sys/fs/bpf";
constexpr const char* kRoot = "/sys/fs/bpf/nlb";
constexpr mode_t kMode = 0700; // flows are nobody else's business
constexpr std::string_view kEscaped = "./%";

Result<void> make_folder(const char* path) {
    if (::mkdir(path, kMode) == 0 || errno == EEXIST) return {};
    return io::sys_error("create " + in_quotes(path));
}

std::vector<std::string> names_in(const std::string& folder) {
    struct Close {
        void operator()(DIR* dir) const { ::closedir(dir); }
    };

    const std::unique_ptr<DIR, Close> dir(::opendir(folder.c_str()));
    std::vector<std::string> names;
    if (!dir) return names;
    while (const dirent* entry = ::readdir(dir.get())) { // NOLINT(concurrency-mt-unsafe)
        const std::string name = entry->d_name;
        if (name != "." && name != "..") names.push_back(unescape(name));
    }
    std::sort(names.begin(), names.end());
    return names;
}

} // namespace

std::string escape(std::string_view name) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : name) {
        if (kEscaped.find(c) == std::string_view::npos) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += {'%', kDigits[byte >> 4U], kDigits[byte & 0xfU]};
    }
    return out;
}

std::string unescape(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const auto at = std::find_if(kEscaped.begin(), kEscaped.end(), [&](char c) {
            return name.substr(i, 3) == escape(std::string_view(&c, 1));
        });
        if (at == kEscaped.end()) {
            out += name[i];
        } else {
            out += *at;
            i += 2;
        }
    }
    return out;
}

Pins::Pins(std::string_view node) : folder_(std::string(kRoot) + "/" + escape(node)) {
}

Result<io::Fd> Pins::create() const {
    struct statfs about {};

    if (::statfs(kFileSystem, &about) != 0 || about.f_type != BPF_FS_MAGIC)
        return fail(Errc::System, std::string("no BPF file system at ") + kFileSystem +
                                      "; mount -t bpf bpf " + kFileSystem + " makes one");
    if (auto done = make_folder(kRoot); !done) return tl::unexpected<Error>(done.error());
    if (auto done = make_folder(folder_.c_str()); !done) return tl::unexpected<Error>(done.error());
    io::Fd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.is_open()) return io::sys_error("open " + in_quotes(folder_));
    if (::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) return folder;
    if (errno == EWOULDBLOCK)
        return fail(Errc::System, "another nlb-forward runs the node of " + in_quotes(folder_));
    return io::sys_error("lock " + in_quotes(folder_));
}

bool Pins::exists() const {
    return ::access(folder_.c_str(), F_OK) == 0;
}

std::string Pins::path(const std::string& name) const {
    return folder_ + "/" + escape(name);
}

Result<io::Fd> Pins::get(const std::string& name) const {
    io::Fd fd(bpf_obj_get(path(name).c_str()));
    if (!fd.is_open()) return io::sys_error("open " + in_quotes(path(name)));
    return fd;
}

Result<void> Pins::put(const std::string& name, int fd) const {
    if (auto done = remove(name); !done) return done;
    if (bpf_obj_pin(fd, path(name).c_str()) != 0)
        return io::sys_error("pin " + in_quotes(path(name)));
    return {};
}

Result<void> Pins::remove(const std::string& name) const {
    if (::unlink(path(name).c_str()) == 0 || errno == ENOENT) return {};
    return io::sys_error("remove " + in_quotes(path(name)));
}

std::vector<std::string> Pins::names() const {
    return names_in(folder_);
}

Result<void> Pins::remove_all() const {
    for (const std::string& name : names()) {
        if (auto done = remove(name); !done) return done;
    }
    if (::rmdir(folder_.c_str()) != 0 && errno != ENOENT)
        return io::sys_error("remove " + in_quotes(folder_));
    return {};
}

std::vector<std::string> pinned_nodes() {
    return names_in(kRoot);
}

} // namespace nlb::kernel
