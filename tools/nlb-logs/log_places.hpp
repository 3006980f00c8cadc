// SPDX-License-Identifier: Apache-2.0
// Which load balancers have access logs, and where these go: their attributes in nlb.toml(5), or
// without a configuration the same for all.
#pragma once

#include "delivery/segment.hpp"

#include "model/configuration.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

class LogPlaces {
  public:
    /// All load balancers, to one place.
    explicit LogPlaces(nlb::delivery::Place everywhere) : everywhere_(std::move(everywhere)) {}

    /// As the attributes of each say; with `local` into the directory instead of the bucket.
    LogPlaces(const nlb::model::Configuration& configuration, bool local);

    /// Nothing while the logs of this load balancer are off.
    [[nodiscard]] std::optional<nlb::delivery::Place> find(std::string_view load_balancer) const;

    /// Every place that something may go to, each once.
    [[nodiscard]] std::vector<nlb::delivery::Place> all() const;

    /// "net/web/0123456789abcdef: to bucket b, prefix p" for each whose logs are on.
    [[nodiscard]] std::vector<std::string> describe() const;

    bool operator==(const LogPlaces&) const = default;

  private:
    std::optional<nlb::delivery::Place> everywhere_;
    std::map<std::string, nlb::delivery::Place, std::less<>> by_load_balancer_;
};
