// SPDX-License-Identifier: Apache-2.0
#include "model/path.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace nlb::model {

namespace {

bool is_plain(const std::string& key) {
    return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    });
}

} // namespace

Path Path::with(Step step) const {
    Path longer = *this;
    longer.steps_.push_back(std::move(step));
    return longer;
}

bool Path::within(const Path& other) const {
    return steps_.size() >= other.steps_.size() &&
           std::equal(other.steps_.begin(), other.steps_.end(), steps_.begin());
}

std::string Path::text() const {
    std::string out;
    for (const Step& step : steps_) {
        if (step.key.empty()) {
            out += "[" + std::to_string(step.index) + "]";
            continue;
        }
        if (!out.empty()) out += '.';
        out += is_plain(step.key) ? step.key : in_quotes(step.key);
    }
    return out;
}

} // namespace nlb::model
