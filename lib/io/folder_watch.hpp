// SPDX-License-Identifier: Apache-2.0
// What happens to the files of folders, as the kernel tells it [inotify(7)]: nobody looks again
// and again. Folders of other machines (NFS and the like) tell only what this machine does there.
#pragma once

#include "io/fd.hpp"

#include "base/result.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace nlb::io {

class FolderWatch {
  public:
    enum class What : std::uint8_t {
        Appeared, ///< made or moved there; not necessarily complete
        Grew,     ///< or was emptied
        Complete, ///< closed by somebody who could write, or moved there as it is
        Left,     ///< moved away; Complete tells where to, if that is watched
        Removed,
        Lost, ///< too much happened: nobody knows what
    };

    struct Event {
        What what = What::Lost;
        std::string folder{}; ///< as given to add()
        std::string name{};   ///< inside of it
        bool is_folder = false;
        auto operator<=>(const Event&) const = default;
    };

    /// Errors: System.
    static Result<FolderWatch> make();

    /// From now on; a second time changes nothing. Errors: System, with the path.
    Result<void> add(const std::string& folder);

    /// Waits until something happened and says what, in order; what is repeated without anything
    /// in between once. Errors: System; EPIPE as soon as nobody reads standard output any more.
    [[nodiscard]] Result<std::vector<Event>> wait() const;

  private:
    explicit FolderWatch(Fd fd) : fd_(std::move(fd)) {}

    Fd fd_;
    std::map<int, std::string> folders_;
};

} // namespace nlb::io
