// SPDX-License-Identifier: Apache-2.0
// The file that lets zonal shifts and draining targets outlive the process.
#pragma once

#include "app/context.hpp"

#include "route/publisher.hpp"

#include <string>

namespace nlb::policy {

class StateFile {
  public:
    StateFile(const app::Context& context, std::string path)
        : context_(context), path_(std::move(path)) {}

    /// What is there; a missing file is an empty state, and lines that cannot be used are warned
    /// of. Errors: System when the file is there and cannot be read.
    Result<route::RunningState> load();

    /// Writes the file when it would differ. That it cannot be written is a warning, once.
    void save(const route::RunningState& state);

  private:
    const app::Context& context_;
    std::string path_;
    std::string saved_; // the lines in the file
    bool complained_ = false;
};

} // namespace nlb::policy
