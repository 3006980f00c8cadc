// SPDX-License-Identifier: Apache-2.0
#include "sandbox/files.hpp"

#include "sandbox/sanitizers.hpp"

#include "io/fd.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>

namespace nlb::sandbox {

namespace {

// Of later versions of the ABI than the headers of Debian 12 have [landlock(7)].
constexpr std::uint64_t kTruncate = 1U << 14U;    // 3
constexpr std::uint64_t kIoctlDevice = 1U << 15U; // 5

constexpr std::uint64_t kReads = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kWrites = kReads | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate |
                                  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                  LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE;
constexpr std::uint64_t kMoves = LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_REMOVE_DIR;

/// Everything that a kernel of this ABI can forbid.
std::uint64_t known_to(long abi) {
    std::uint64_t all = LANDLOCK_ACCESS_FS_REFER - 1; // of the first version
    if (abi >= 2) all |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3) all |= kTruncate;
    if (abi >= 5) all |= kIoctlDevice;
    return all;
}

Result<void> allow(int rules, const Folder& folder, std::uint64_t known) {
    const io::Fd opened(::open(folder.path.c_str(), O_PATH | O_CLOEXEC));
    if (!opened.is_open()) return {};
    landlock_path_beneath_attr beneath{};
    beneath.allowed_access = folder.is_writable ? kWrites : kReads;
    if (folder.is_tree) beneath.allowed_access |= kWrites | kMoves;
    beneath.allowed_access &= known;
    beneath.parent_fd = opened.get();
    if (::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0)
        return {};
    return io::sys_error("allow " + in_quotes(folder.path));
}

} // namespace

Result<void> keep_folders(const std::vector<Folder>& folders) {
    const long abi =
        ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1) return io::sys_error("Landlock");
    const bool moves = std::any_of(folders.begin(), folders.end(),
                                   [](const Folder& folder) { return folder.is_tree; });
    if (moves && abi < 2) // whose first version forbids it to everybody
        return fail(Errc::System, "Landlock of this kernel keeps files from being moved");
    const std::uint64_t known = known_to(abi);
    landlock_ruleset_attr attributes{};
    attributes.handled_access_fs = known;
    const io::Fd rules(static_cast<int>(
        ::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
    if (!rules.is_open()) return io::sys_error("Landlock");
    for (const Folder& folder : folders) {
        if (auto done = allow(rules.get(), folder, known); !done) return done;
    }
    if (kHasSanitizer) {
        if (auto done = allow(rules.get(), {"/proc", false}, known); !done) return done;
    }
    if (::syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0)
        return io::sys_error("Landlock");
    return {};
}

std::string folder_of(const std::string& file) {
    const std::size_t slash = file.rfind('/');
    return slash == std::string::npos ? "." : file.substr(0, slash + 1);
}

std::vector<Folder> folders_of(const std::string& file) {
    std::vector<Folder> folders = {{folder_of(file)}};
    std::error_code leads_nowhere;
    const auto target = std::filesystem::canonical(file, leads_nowhere);
    if (!leads_nowhere) folders.push_back({folder_of(target.string())});
    return folders;
}

} // namespace nlb::sandbox
