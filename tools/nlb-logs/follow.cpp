// SPDX-License-Identifier: Apache-2.0
#include "follow.hpp"

#include <poll.h>

#include <filesystem>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr int kLookEveryMs = 500;

} // namespace

Result<std::vector<std::string>> Follower::look() {
    auto files = scan::expand(paths_, window_);
    if (!files) return files;
    std::vector<std::string> complete;
    for (const std::string& file : *files) {
        if (known_.contains(file)) continue;
        std::error_code error;
        const std::uintmax_t size = std::filesystem::file_size(file, error);
        if (error) continue; // renamed since
        const auto [seen, is_new] = sizes_.try_emplace(file, size);
        if (is_new || std::exchange(seen->second, size) != size) continue;
        complete.push_back(file);
        known_.insert(file);
        sizes_.erase(seen);
    }
    return complete;
}

Result<std::vector<std::string>> Follower::wait() {
    // Folders of days appear, too, and what copies from a bucket does not tell when it is done:
    // looking again finds both, where watching would need to know every folder.
    for (;;) {
        auto files = look();
        if (!files || !files->empty()) return files;
        ::poll(nullptr, 0, kLookEveryMs);
    }
}
