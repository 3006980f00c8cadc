// SPDX-License-Identifier: Apache-2.0
// Instead of kernel_path.cpp in a build without BPF.
#include "kernel_path.hpp"

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

Result<KernelPath> start_kernel_path(io::EventLoop&, const app::Context&, const std::string&,
                                     const std::string&, const KernelOptions&, KernelHandlers) {
    return fail(Errc::System, "--datapath kernel: this nlb-forward was built without BPF");
}
