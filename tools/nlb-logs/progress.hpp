// SPDX-License-Identifier: Apache-2.0
// "12 of 288 files" on standard error.
#pragma once

#include "app/context.hpp"

#include "base/time.hpp"

#include <cstddef>

class Progress {
  public:
    /// Only where standard error is a terminal and nothing else is shown. `rows_are_shown`: on
    /// standard output, meanwhile.
    Progress(const nlb::app::Context& context, bool rows_are_shown);

    void show(std::size_t done, std::size_t all);

    void clear() const;

  private:
    bool is_on_;
    bool was_shown_ = false;
    nlb::Nanos next_;
};
