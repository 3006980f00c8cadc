// SPDX-License-Identifier: Apache-2.0
// Programs on interfaces. A link that is pinned outlives the process, and the next process swaps
// the program under it without a packet passing by.
#pragma once

#include "kernel/interface.hpp"
#include "kernel/pins.hpp"

#include "io/bpf_program.hpp"

#include <functional>
#include <string>

namespace nlb::kernel {

enum class HookChoice : std::uint8_t {
    Auto, ///< TC on virtual interfaces; XDP where the driver knows it, else TC
    Tc,
    Xdp
};

/// How a program came to see an interface's packets.
struct Attachment {
    io::Hook hook = io::Hook::Tc;
    std::string how;        ///< "tcx", "clsact", "xdp native", "xdp generic"
    bool was_there = false; ///< a program of ours was attached before
};

class Attacher {
  public:
    /// Gives the descriptor of the loaded program of a hook; loads it when it is first wanted.
    using Programs = std::function<Result<int>(io::Hook)>;

    Attacher(const Pins& pins, Programs programs) : pins_(pins), programs_(std::move(programs)) {}

    /// Attaches, or replaces what an earlier process attached. Errors: Usage when the interface
    /// cannot carry the hook, System.
    Result<Attachment> attach(const Interface& interface, HookChoice choice);

    /// Takes one interface's programs away. A name that is not attached is no error.
    Result<void> detach(const std::string& interface);

    /// Interfaces that have something attached.
    [[nodiscard]] std::vector<std::string> attached() const;

  private:
    Result<Attachment> attach_tc(const Interface& interface, bool was_there);
    Result<Attachment> attach_clsact(const Interface& interface, int program);
    Result<Attachment> attach_xdp(const Interface& interface, HookChoice choice, bool was_there);
    /// Swaps the program of a link of this kind; false when there is none.
    Result<bool> update(const Interface& interface, io::Hook hook, int program);

    Pins pins_;
    Programs programs_;
};

} // namespace nlb::kernel
