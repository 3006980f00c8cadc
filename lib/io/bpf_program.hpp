// SPDX-License-Identifier: Apache-2.0
// One of the packet programs of lib/bpf, on its way into the kernel: which maps it shares, how big
// they are, and the descriptors of what was loaded. The only user of libbpf's object files and of
// the skeletons; built with NLB_WITH_BPF. Needs CAP_BPF and CAP_NET_ADMIN.
#pragma once

#include "io/fd.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct bpf_object;

namespace nlb::io {

/// Where the program looks at packets.
enum class Hook : std::uint8_t {
    Tc, ///< ingress of the traffic control layer: any interface
    Xdp ///< before the kernel has made a packet of the frame: drivers that know it
};

/// "tc", "xdp"
std::string_view to_text(Hook hook);

class BpfProgram {
  public:
    /// Nothing is in the kernel yet. Errors: System.
    static Result<BpfProgram> open(Hook hook);

    ~BpfProgram();
    BpfProgram(BpfProgram&&) noexcept;
    BpfProgram& operator=(BpfProgram&&) noexcept;
    BpfProgram(const BpfProgram&) = delete;
    BpfProgram& operator=(const BpfProgram&) = delete;

    /// Before load: the program takes time and MTU from the map nlb_test and tells its verdict
    /// there; it redirects nothing.
    Result<void> set_testing();

    /// Before load: how many entries each flow table holds.
    Result<void> size_flow_tables(std::size_t entries);

    /// Before load: the program works on this map instead of one of its own. The descriptor is
    /// duplicated. Errors: System, also when the map is of another kind.
    Result<void> reuse(const std::string& map, int fd);

    /// Errors: System, with the end of what the verifier said when it refused.
    Result<void> load();

    /// Names of all maps that hold data (not the program's constants).
    [[nodiscard]] std::vector<std::string> maps() const;

    /// Descriptor of a map after load; the program owns it. A name that is not there is a
    /// programming error.
    [[nodiscard]] int map(const std::string& name) const;

    /// Descriptor of the program after load.
    [[nodiscard]] int fd() const;

  private:
    struct Closer {
        void operator()(bpf_object* object) const;
    };

    BpfProgram(Hook hook, std::unique_ptr<bpf_object, Closer> object)
        : hook_(hook), object_(std::move(object)) {}

    Hook hook_;
    std::unique_ptr<bpf_object, Closer> object_;
};

} // namespace nlb::io
