// SPDX-License-Identifier: Apache-2.0
// The packet programs of one node and the maps they share. The maps of an earlier process are used
// again when they mean the same, so that no flow is lost.
#pragma once

#include "kernel/pins.hpp"

#include "io/bpf_program.hpp"
#include "io/bpf_tables.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace nlb::kernel {

class Programs {
  public:
    struct Options {
        std::size_t most_flows = 0; ///< entries of each flow table, two a flow
        std::function<void(const std::string&)> on_notice;
    };

    /// Takes what is pinned, if it is of this version. Errors: System.
    static Result<Programs> open(const Pins& pins, Options options);

    /// Descriptor of the loaded program; loads it, and with the first one creates and pins the
    /// maps that are missing. Errors: System.
    Result<int> get(io::Hook hook);

    /// Descriptor of a map. Only after a get() that succeeded.
    [[nodiscard]] int map(const std::string& name) const { return maps_.at(name).get(); }

    [[nodiscard]] io::MapSet map_set() const {
        return {[this](const std::string& name) { return map(name); }};
    }

    /// Were there maps of an earlier process?
    [[nodiscard]] bool went_on() const { return went_on_; }

  private:
    Programs(const Pins& pins, Options options) : pins_(pins), options_(std::move(options)) {}

    Result<void> take_pinned();
    Result<void> keep_maps(const io::BpfProgram& program);

    Pins pins_;
    Options options_;
    std::map<std::string, io::Fd> maps_;
    std::map<io::Hook, io::BpfProgram> programs_;
    bool went_on_ = false;
};

/// The maps of a running or left datapath, for who only looks: name to descriptor. Errors: System;
/// Data when they are of another version.
Result<std::map<std::string, io::Fd>> pinned_maps(const Pins& pins);

} // namespace nlb::kernel
