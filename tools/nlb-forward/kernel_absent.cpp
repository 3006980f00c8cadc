// SPDX-License-Identifier: Apache-2.0
// Instead of kernel_path.cpp and kernel_flows.cpp in a build without BPF.
#include "kernel_flows.hpp"
#include "kernel_path.hpp"

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

Result<KernelPath> start_kernel_path(io::EventLoop&, const app::Context&, const std::string&,
                                     const std::string&, const KernelOptions&, KernelHandlers) {
    return fail(Errc::System, "--datapath kernel: this nlb-forward was built without BPF");
}

Result<bool> for_each_kernel_flow(const std::string&,
                                  const std::function<Result<void>(const FlowLine&)>&) {
    return false;
}
