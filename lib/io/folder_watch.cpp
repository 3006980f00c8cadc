// SPDX-License-Identifier: Apache-2.0
#include "io/folder_watch.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace nlb::io {

namespace {

constexpr std::uint32_t kWanted =
    IN_CREATE | IN_MOVED_TO | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_DELETE;

FolderWatch::What what_of(std::uint32_t mask) {
    using enum FolderWatch::What;
    if ((mask & IN_Q_OVERFLOW) != 0) return Lost;
    if ((mask & IN_DELETE) != 0) return Removed;
    if ((mask & IN_MOVED_FROM) != 0) return Left;
    if ((mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0) return Complete;
    return (mask & IN_CREATE) != 0 ? Appeared : Grew;
}

} // namespace

Result<FolderWatch> FolderWatch::make() {
    Fd fd(::inotify_init1(IN_CLOEXEC));
    if (!fd.is_open()) return sys_error("watch files");
    return FolderWatch(std::move(fd));
}

Result<void> FolderWatch::add(const std::string& folder) {
    const int id = ::inotify_add_watch(fd_.get(), folder.c_str(), kWanted | IN_ONLYDIR);
    if (id < 0) return sys_error("watch " + folder);
    folders_.emplace(id, folder);
    return {};
}

Result<std::vector<FolderWatch::Event>> FolderWatch::wait() const {
    // Asked for nothing, standard output answers only that its reader is gone.
    std::array<pollfd, 2> sources{{{fd_.get(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}}};
    if (retry([&] { return ::poll(sources.data(), sources.size(), -1); }) < 0)
        return sys_error("watch files");
    if ((sources[1].revents & POLLERR) != 0) return sys_error("write to standard output", EPIPE);
    constexpr std::size_t kRoom = 64U << 10U;
    std::vector<char> bytes(kRoom);
    const ssize_t n = retry([&] { return ::read(fd_.get(), bytes.data(), bytes.size()); });
    if (n < 0) return sys_error("watch files");
    std::vector<Event> events;
    for (std::size_t at = 0; at < static_cast<std::size_t>(n);) {
        inotify_event event{};
        std::memcpy(&event, bytes.data() + at, sizeof event);
        const auto folder = folders_.find(event.wd);
        Event made{.what = what_of(event.mask), .is_folder = (event.mask & IN_ISDIR) != 0};
        if (event.len > 0) made.name = bytes.data() + at + sizeof event; // ends with a zero byte
        at += sizeof event + event.len;
        if (folder != folders_.end()) made.folder = folder->second;
        const bool is_known =
            made.what == What::Lost || (!made.name.empty() && !made.folder.empty());
        if (is_known && (events.empty() || events.back() != made))
            events.push_back(std::move(made));
    }
    return events;
}

} // namespace nlb::io
