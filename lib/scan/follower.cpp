// SPDX-License-Identifier: Apache-2.0
#include "scan/follower.hpp"

#include "compress/reader.hpp"
#include "envelope/form.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>

namespace nlb::scan {

namespace fs = std::filesystem;
using Event = io::FolderWatch::Event;
using What = io::FolderWatch::What;

namespace {

constexpr std::size_t kMostHeld = 256; ///< files that stay open

std::uint64_t size_of(const io::Fd& file) {
    struct stat status {};

    return ::fstat(file.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

/// Neither compressed nor encrypted.
bool is_plain_file(const io::Fd& file) {
    std::array<std::uint8_t, 32> bytes{};
    const ssize_t n = io::retry([&] { return ::pread(file.get(), bytes.data(), bytes.size(), 0); });
    const auto begin = std::span(bytes).first(n > 0 ? static_cast<std::size_t>(n) : 0);
    return !compress::begins_compressed(begin) && envelope::match(begin) == envelope::Match::No;
}

/// The kernel grants a lease on what nobody writes [fcntl(2)]. Where it grants none, nobody knows.
bool is_being_written(const io::Fd& file) {
    ::fcntl(file.get(), F_SETSIG, SIGURG); // what tells that the lease is wanted back; ignored
    if (::fcntl(file.get(), F_SETLEASE, F_RDLCK) != 0) return errno == EAGAIN;
    ::fcntl(file.get(), F_SETLEASE, F_UNLCK);
    return false;
}

/// Where the last whole line between two places of a file ends; `from` without one, `to` when that
/// is more than a line may have.
std::uint64_t end_of_lines(const io::Fd& file, std::uint64_t from, std::uint64_t to) {
    std::array<char, 8192> bytes{};
    for (std::uint64_t end = to; end > from && to - end < kLongestLine;) {
        const std::size_t wanted = std::min<std::uint64_t>(end - from, bytes.size());
        const auto begin = static_cast<off_t>(end - wanted);
        const ssize_t n =
            io::retry([&] { return ::pread(file.get(), bytes.data(), wanted, begin); });
        if (n < static_cast<ssize_t>(wanted)) return from; // emptied meanwhile
        const auto line = std::string_view(bytes.data(), wanted).rfind('\n');
        if (line != std::string_view::npos) return end - wanted + line + 1;
        end -= wanted;
    }
    return to - from < kLongestLine ? from : to;
}

} // namespace

Result<Follower> Follower::begin(const std::vector<std::string>& paths, const Window& window) {
    auto watch = io::FolderWatch::make();
    if (!watch) return tl::unexpected<Error>(watch.error());
    Follower made(paths, window, std::move(*watch));
    for (const std::string& path : paths) {
        std::error_code error;
        const fs::file_status status = fs::status(path, error);
        Result<void> ok;
        if (fs::is_directory(status))
            ok = made.watch_folders(path);
        else if (path != "-" && (fs::is_regular_file(status) || !fs::exists(status)))
            ok = made.watch_named(path);
        if (!ok) return tl::unexpected<Error>(ok.error());
    }
    return made;
}

/// The folder it lies in, and the one that a link leads to.
Result<void> Follower::watch_named(const std::string& path) {
    names_.insert(path);
    std::error_code error;
    for (const fs::path& place : {fs::path(path), fs::weakly_canonical(path, error)}) {
        const std::string folder = place.has_parent_path() ? place.parent_path().string() : ".";
        if (auto ok = watch_.add(folder); !ok) return ok;
        named_[folder].insert(path);
    }
    return {};
}

/// The folder and those below it. One that is gone by now is none.
Result<void> Follower::watch_folders(const std::string& path) {
    std::vector<std::string> folders;
    expand({path}, window_, &folders);
    for (const std::string& folder : folders) {
        auto ok = watch_.add(folder);
        if (!ok && ok.error().sys != ENOENT) return ok;
        folders_.insert(folder);
    }
    return {};
}

std::vector<Input> Follower::now() {
    std::vector<Input> found;
    for (const std::string& path : expand(paths_, window_)) {
        std::error_code error;
        if (path != "-" && fs::is_regular_file(path, error))
            look(path, false, found);
        else
            found.push_back({path}); // to its end, or why it cannot be read
    }
    return found;
}

Result<std::vector<Input>> Follower::wait() {
    std::vector<Input> found;
    is_waiting_ = true;
    while (found.empty()) {
        const auto events = watch_.wait();
        if (!events) return tl::unexpected<Error>(events.error());
        for (const Event& event : *events) {
            if (auto ok = handle(event, found); !ok) return tl::unexpected<Error>(ok.error());
            if (event.what != What::Left) left_.reset();
        }
    }
    return found;
}

Result<void> Follower::handle(const Event& event, std::vector<Input>& found) {
    if (event.what == What::Lost) return look_everywhere(found);
    // What happens beside a named file may have happened to it under another name.
    if (const auto named = named_.find(event.folder); named != named_.end()) {
        for (const std::string& path : named->second) {
            const bool is_it = fs::path(path).filename() == event.name;
            look(path, is_it && event.what == What::Complete, found);
        }
    }
    const std::string path = (fs::path(event.folder) / event.name).string();
    if (!folders_.contains(event.folder) || event.name.starts_with('.')) return {};
    if (names_.contains(path)) return {};
    return handle_below(path, event, found);
}

/// What happened to `path` in a folder all of whose files are followed.
Result<void> Follower::handle_below(const std::string& path, const Event& event,
                                    std::vector<Input>& found) {
    if (event.what == What::Left || event.what == What::Removed) {
        auto gone = seen_.extract(path);
        if (!gone.empty() && event.what == What::Left) left_ = gone.mapped();
        return {};
    }
    if (!event.is_folder) {
        if (may_hold(event.name, window_)) look(path, event.what == What::Complete, found);
        return {};
    }
    if (auto ok = watch_folders(path); !ok) return ok;
    for (const std::string& file : expand({path}, window_))
        look(file, false, found);
    return {};
}

Result<void> Follower::look_everywhere(std::vector<Input>& found) {
    for (const std::string& folder : std::set<std::string>(folders_)) {
        if (auto ok = watch_folders(folder); !ok) return ok;
    }
    for (const std::string& path : expand(paths_, window_)) {
        std::error_code error;
        if (fs::is_regular_file(path, error)) look(path, false, found);
    }
    return {};
}

void Follower::look(const std::string& path, bool is_complete, std::vector<Input>& found) {
    auto opened = io::open_stream(path);
    if (opened)
        return look_at(path, std::make_shared<const io::Fd>(std::move(*opened)), is_complete,
                       found);
    // Removed or renamed: it may be written on.
    const auto at = seen_.find(path);
    if (at != seen_.end() && at->second.held) look_at(path, at->second.held, is_complete, found);
}

/// What is known of the file that has this path now. Of the one that had it before, what is left
/// is found.
Follower::Seen* Follower::known(const std::string& path, const Id& id, std::vector<Input>& found) {
    const auto at = seen_.find(path);
    if (at != seen_.end() && at->second.id == id) return &at->second;
    if (at != seen_.end()) {
        const Seen& former = at->second;
        const std::uint64_t size = former.held ? size_of(*former.held) : 0;
        if (former.is_plain && size > former.done)
            found.push_back({path, former.done, size, former.held});
        seen_.erase(at);
    }
    if (!left_ || left_->id != id) return nullptr;
    return &(seen_[path] = *left_);
}

/// "a.log.gz" that appears beside "a.log" is the same once more.
bool Follower::is_copy(const std::string& path) const {
    if (!is_waiting_) return false;
    const fs::path ending = fs::path(path).extension();
    return (ending == ".gz" || ending == ".zst") &&
           seen_.contains(path.substr(0, path.size() - ending.string().size()));
}

void Follower::recognise(const std::string& path, Seen& seen, const File& file) const {
    seen.is_plain = is_plain_file(*file);
    const bool is_held = seen.is_plain && names_.contains(path) && names_.size() <= kMostHeld;
    seen.held = is_held ? file : nullptr;
}

void Follower::look_at(const std::string& path, const File& file, bool is_complete,
                       std::vector<Input>& found) {
    struct stat status {};

    if (::fstat(file->get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    const auto size = static_cast<std::uint64_t>(status.st_size);
    const Id id(status.st_dev, status.st_ino);
    Seen* seen = known(path, id, found);
    if (seen == nullptr) seen = &(seen_[path] = {.id = id, .held = {}});
    if (size < seen->done) seen->done = 0;
    if (size == 0) return;
    if (seen->done == 0) recognise(path, *seen, file);
    if (seen->is_plain) {
        const std::uint64_t end = end_of_lines(*file, seen->done, size);
        if (end > seen->done) found.push_back({path, seen->done, end, seen->held});
        seen->done = end;
        return;
    }
    if (seen->done != 0 || (!is_complete && is_being_written(*file))) return;
    if (!is_copy(path)) found.push_back({path});
    seen->done = size;
}

} // namespace nlb::scan
