// SPDX-License-Identifier: Apache-2.0
#include "kernel/flow_scan.hpp"

#include <algorithm>

namespace nlb::kernel {

namespace {

constexpr std::size_t kPortion = 512; ///< entries, free ones too

} // namespace

std::optional<std::vector<FlowEntry>> FlowScan::next() {
    const std::size_t end = std::min(maps_.size(), next_ + kPortion);
    if (next_ >= end) {
        next_ = 0;
        return std::nullopt;
    }
    std::vector<FlowEntry> entries;
    for (; next_ < end; ++next_) {
        if (auto entry = maps_.read(next_)) entries.push_back(*entry);
    }
    return entries;
}

} // namespace nlb::kernel
