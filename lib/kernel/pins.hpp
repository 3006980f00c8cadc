// SPDX-License-Identifier: Apache-2.0
// What of a node's datapath outlives the process: maps and links, pinned in the BPF file system
// under /sys/fs/bpf/nlb/NODE.
#pragma once

#include "io/fd.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace nlb::kernel {

class Pins {
  public:
    /// Names the folder of `node`; touches nothing.
    explicit Pins(std::string_view node);

    /// Creates the folder and locks it: while the descriptor is open, no other process gets it.
    /// Errors: System, also when there is no BPF file system or somebody holds the lock.
    [[nodiscard]] Result<io::Fd> create() const;

    /// Is there anything pinned?
    [[nodiscard]] bool exists() const;

    /// The pinned object as a descriptor of its own. Errors: System.
    [[nodiscard]] Result<io::Fd> get(const std::string& name) const;

    /// Pins `fd` under `name`, instead of what was there. Errors: System.
    [[nodiscard]] Result<void> put(const std::string& name, int fd) const;

    /// A name that is not there is no error. A link that nobody else holds detaches.
    [[nodiscard]] Result<void> remove(const std::string& name) const;

    /// What is pinned, sorted.
    [[nodiscard]] std::vector<std::string> names() const;

    /// Everything and the folder. Errors: System.
    [[nodiscard]] Result<void> remove_all() const;

    [[nodiscard]] const std::string& folder() const { return folder_; }

  private:
    [[nodiscard]] std::string path(const std::string& name) const;

    std::string folder_;
};

/// "eth0.7" to "eth0%2e7": the BPF file system refuses dots. The other way round: unescape().
std::string escape(std::string_view name);
std::string unescape(std::string_view name);

/// The nodes that have a folder, sorted.
std::vector<std::string> pinned_nodes();

} // namespace nlb::kernel
