// SPDX-License-Identifier: Apache-2.0
// The kernel's flow tables, read in portions. Flows that come and go meanwhile may be seen or not;
// one that stays is seen once.
#pragma once

#include "io/flow_maps.hpp"

#include <optional>
#include <vector>

namespace nlb::kernel {

using io::FlowEntry;

class FlowScan {
  public:
    /// `maps` must outlive the scan.
    explicit FlowScan(const io::FlowMaps& maps) : maps_(maps) {}

    /// The next entries, of a bounded part of the tables; at their end nothing, and then from the
    /// beginning.
    std::optional<std::vector<FlowEntry>> next();

  private:
    const io::FlowMaps& maps_;
    std::size_t next_ = 0; ///< number of an entry
};

} // namespace nlb::kernel
