// SPDX-License-Identifier: Apache-2.0
// Backlog: the scopes a reader has yet to be told about. What waits is scopes, not lines: a reader
// that was slow gets the latest state of each once, and costs no memory meanwhile.
#pragma once

#include "route/publisher.hpp"

#include <set>
#include <utility>
#include <vector>

namespace nlb::route {

class Backlog {
  public:
    void owe(const std::vector<model::TargetGroupId>& scopes) {
        owed_.insert(scopes.begin(), scopes.end());
    }

    [[nodiscard]] bool empty() const { return owed_.empty(); }

    /// Everything owed, in the order of the configuration, groups no longer in use last.
    std::vector<model::TargetGroupId> settle(const Publisher& publisher) {
        std::vector<model::TargetGroupId> scopes;
        for (const model::TargetGroupId& scope : publisher.scopes()) {
            if (owed_.erase(scope) != 0) scopes.push_back(scope);
        }
        for (const model::TargetGroupId& scope : std::exchange(owed_, {}))
            scopes.push_back(scope);
        return scopes;
    }

  private:
    std::set<model::TargetGroupId> owed_;
};

} // namespace nlb::route
