// SPDX-License-Identifier: Apache-2.0
// The packet core inside the kernel for test runs: single frames go through the program of one hook
// and come back. Built with NLB_WITH_BPF. Needs CAP_BPF and CAP_NET_ADMIN.
#pragma once

#include "io/bpf_program.hpp"
#include "io/bpf_tables.hpp"

#include "flow/user_engine.hpp"

#include "base/result.hpp"

#include <memory>

namespace nlb::io {

class BpfObject {
  public:
    /// Loads the program of `hook` for test runs and copies `tables` into its maps. Errors: System,
    /// with what the kernel said.
    static Result<BpfObject> load(Hook hook, const flow::Tables& tables,
                                  flow::EngineLimits limits = {});

    ~BpfObject();
    BpfObject(BpfObject&&) noexcept;
    BpfObject& operator=(BpfObject&&) noexcept;
    BpfObject(const BpfObject&) = delete;
    BpfObject& operator=(const BpfObject&) = delete;

    /// Swaps the tables; flows stay. Errors: as BpfTables::write.
    Result<void> set_tables(const flow::Tables& tables);

    /// What flow::UserEngine::decide does, in the kernel. Short frames that the kernel refuses to
    /// run, those without a whole IP header, are decided here by the same core: no table matters
    /// to them. Of long frames the program sees the headers and some payload; the rest is put back
    /// unchanged, as the core changes headers only.
    Result<flow::Decision> decide(std::vector<std::uint8_t>& frame, Nanos now);

    /// flow::UserEngine::sweep, on the kernel's table.
    Result<void> sweep(Nanos now, Nanos kept);

    [[nodiscard]] Result<flow::Counters> counters() const;

  private:
    struct Loaded;
    explicit BpfObject(std::unique_ptr<Loaded> loaded);

    std::unique_ptr<Loaded> loaded_;
};

} // namespace nlb::io
