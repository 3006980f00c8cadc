// SPDX-License-Identifier: Apache-2.0
#include "log_places.hpp"

#include <algorithm>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

LogPlaces::LogPlaces(const model::Configuration& configuration, bool local) {
    for (const model::LoadBalancer& one : configuration.load_balancers) {
        const auto& a = one.attributes;
        if (!a.access_logs_s3_enabled) continue;
        by_load_balancer_[one.id.value] = {local ? std::string() : a.access_logs_s3_bucket,
                                           a.access_logs_s3_prefix};
    }
}

std::optional<delivery::Place> LogPlaces::find(std::string_view load_balancer) const {
    if (everywhere_) return everywhere_;
    const auto found = by_load_balancer_.find(load_balancer);
    if (found == by_load_balancer_.end()) return std::nullopt;
    return found->second;
}

std::vector<delivery::Place> LogPlaces::all() const {
    std::vector<delivery::Place> places;
    if (everywhere_) places.push_back(*everywhere_);
    for (const auto& [id, place] : by_load_balancer_) {
        if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
    }
    return places;
}

std::vector<std::string> LogPlaces::describe() const {
    std::vector<std::string> lines;
    for (const auto& [id, place] : by_load_balancer_) {
        lines.push_back(id + ": to " +
                        (place.bucket.empty() ? "the directory" : "bucket " + place.bucket) +
                        (place.prefix.empty() ? "" : ", prefix " + place.prefix));
    }
    return lines;
}
