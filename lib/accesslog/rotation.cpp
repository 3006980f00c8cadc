// SPDX-License-Identifier: Apache-2.0
#include "accesslog/rotation.hpp"

#include <algorithm>
#include <utility>

namespace nlb::accesslog {

bool Rotation::is_last(LogKind kind, std::string_view load_balancer, WallTime end) const {
    return last_ != nullptr && last_->file.end == end && last_->file.kind == kind &&
           last_->file.load_balancer == load_balancer;
}

Rotation::Open& Rotation::find(LogKind kind, std::string_view load_balancer, WallTime end,
                               WallTime now) {
    Key key{end.unix_ms, kind, std::string(load_balancer)};
    if (const auto known = files_.find(key); known != files_.end()) return known->second;
    if (files_.size() >= limits_.most_open) {
        end_file(std::min_element(files_.begin(), files_.end(), [](const auto& a, const auto& b) {
            return a.second.file.number < b.second.file.number;
        }));
    }
    Open open{{next_number_++, kind, key.load_balancer, end},
              {interval_end(now).unix_ms + limits_.lateness_ms}};
    return files_.emplace(std::move(key), std::move(open)).first->second;
}

const Rotation::File& Rotation::feed(LogKind kind, std::string_view load_balancer, WallTime time,
                                     std::uint64_t bytes, WallTime now) {
    const WallTime end = interval_end(time);
    if (!is_last(kind, load_balancer, end)) last_ = &find(kind, load_balancer, end, now);
    if (last_->bytes > 0 && last_->bytes + bytes > limits_.most_bytes) {
        end_file(files_.find({end.unix_ms, kind, std::string(load_balancer)}));
        last_ = &find(kind, load_balancer, end, now);
    }
    last_->bytes += bytes;
    return last_->file;
}

void Rotation::end_file(Files::iterator file) {
    ended_.push_back(file->second.file.number);
    files_.erase(file);
    last_ = nullptr;
}

void Rotation::tick(WallTime now) {
    for (auto at = files_.begin(); at != files_.end();) {
        const auto file = at++;
        if (file->second.closes <= now) end_file(file);
    }
}

void Rotation::end_all() {
    while (!files_.empty())
        end_file(files_.begin());
}

std::vector<std::uint64_t> Rotation::drain() {
    return std::exchange(ended_, {});
}

WallTime Rotation::deadline() const {
    WallTime earliest = WallTime::never();
    for (const auto& [key, open] : files_)
        earliest = std::min(earliest, open.closes);
    return earliest;
}

} // namespace nlb::accesslog
