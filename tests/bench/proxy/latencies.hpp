// SPDX-License-Identifier: Apache-2.0
// How long operations took.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

class Latencies {
  public:
    void add(double microseconds) { all_.push_back(microseconds); }

    /// Reached by that part of them, 0 to 1; 0 without any.
    double at(double part) {
        if (all_.empty()) return 0;
        const auto place = static_cast<std::ptrdiff_t>(part * static_cast<double>(all_.size() - 1));
        std::nth_element(all_.begin(), all_.begin() + place, all_.end());
        return all_[static_cast<std::size_t>(place)];
    }

  private:
    std::vector<double> all_;
};
