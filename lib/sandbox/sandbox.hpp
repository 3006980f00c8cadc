// SPDX-License-Identifier: Apache-2.0
// Sandbox: a process that has opened what it needs gives up the rest, so that a fault in a parser
// of foreign bytes is worth little. There is no way back, not even by running a program.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <string>
#include <vector>

namespace nlb::sandbox {

/// A folder, and everything beneath it.
struct Folder {
    std::string path;
    bool is_writable = false; ///< files and sockets may be made, written and removed
    bool is_tree = false;     ///< besides, files may be moved beneath it, and folders removed
};

/// Where a file lies, with the slash at its end; "." for a bare name.
std::string folder_of(const std::string& file);

/// What a file needs that is read again later and may be replaced: its folder, and that of the file
/// that it is a link to now.
std::vector<Folder> folders_of(const std::string& file);

/// What stays, besides descriptors that are open, and sockets of IPv4, IPv6, Unix and route
/// netlink.
struct Rights {
    std::vector<unsigned> capabilities{}; ///< CAP_..., of those that the process has
    std::vector<Folder> folders{};        ///< one that does not exist is left out
    bool uses_bpf = false;                ///< the kernel datapath: bpf(2)
};

/// Of the calling thread and those that it starts: call it before there are others. What the kernel
/// cannot do is left out, and told in one line for a person.
/// Errors: System, when capabilities cannot be given up.
Result<void> enter(const Rights& rights, const std::function<void(const std::string&)>& on_lack);

} // namespace nlb::sandbox
