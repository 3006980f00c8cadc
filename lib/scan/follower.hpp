// SPDX-License-Identifier: Apache-2.0
// Files that grow, and files that appear, while somebody reads them. Plain files are followed line
// by line, compressed and encrypted ones are taken as a whole once they are complete. A file that
// is renamed goes on where it was; one that is emptied, and one that takes another one's place,
// begin anew.
#pragma once

#include "scan/feed.hpp"
#include "scan/files.hpp"

#include "io/folder_watch.hpp"

#include "base/result.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace nlb::scan {

class Follower {
  public:
    /// Watches `paths`: files, also such that are not there yet, and all below folders.
    /// Errors: System, when a folder cannot be watched.
    static Result<Follower> begin(const std::vector<std::string>& paths, const Window& window);

    /// What there is to read now; called once.
    std::vector<Input> now();

    /// Waits until there is more. Errors: System, with EPIPE when nobody reads standard output any
    /// more.
    Result<std::vector<Input>> wait();

    /// Whether there can be more: pipes and standard input are read to their end at once.
    [[nodiscard]] bool has_files() const { return !named_.empty() || !folders_.empty(); }

  private:
    using Id = std::pair<std::uint64_t, std::uint64_t>; ///< device and inode
    using File = std::shared_ptr<const io::Fd>;

    struct Seen {
        Id id;
        std::uint64_t done = 0; ///< bytes
        bool is_plain = true;
        File held; ///< of a named file: whoever has it open may write on when it is renamed
    };

    Follower(std::vector<std::string> paths, Window window, io::FolderWatch watch)
        : paths_(std::move(paths)), window_(window), watch_(std::move(watch)) {}

    Result<void> watch_named(const std::string& path);
    Result<void> watch_folders(const std::string& path);
    Result<void> handle(const io::FolderWatch::Event& event, std::vector<Input>& found);
    Result<void> handle_below(const std::string& path, const io::FolderWatch::Event& event,
                              std::vector<Input>& found);
    Result<void> look_everywhere(std::vector<Input>& found);
    void look(const std::string& path, bool is_complete, std::vector<Input>& found);
    void look_at(const std::string& path, const File& file, bool is_complete,
                 std::vector<Input>& found);
    void recognise(const std::string& path, Seen& seen, const File& file) const;
    Seen* known(const std::string& path, const Id& id, std::vector<Input>& found);
    [[nodiscard]] bool is_copy(const std::string& path) const;

    std::vector<std::string> paths_;
    Window window_;
    io::FolderWatch watch_;
    std::set<std::string> folders_;                      ///< all of whose files are followed
    std::map<std::string, std::set<std::string>> named_; ///< files that were named, by folder
    std::set<std::string> names_;                        ///< the same files
    std::map<std::string, Seen> seen_;
    std::optional<Seen> left_; ///< moved away just now
    bool is_waiting_ = false;
};

} // namespace nlb::scan
