// SPDX-License-Identifier: Apache-2.0
// Which files a question reads. Folders are walked in the order of names; what their names tell of
// time is used: files and folders outside of the window are not opened.
//   .../yyyy/mm/dd/ACCOUNT_elasticloadbalancing_REGION_net.LB_20181220T2340Z_RANDOM.log.gz
// [AWS: NLB user guide, Access log files]
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::scan {

/// Seconds since 1970: from `since` on, before `until`.
struct Window {
    std::int64_t since = std::numeric_limits<std::int64_t>::min();
    std::int64_t until = std::numeric_limits<std::int64_t>::max();

    [[nodiscard]] bool is_open() const { return *this == Window(); }

    bool operator==(const Window&) const = default;
};

/// When the five minutes of a file ended, by its name; nothing when the name does not tell.
std::optional<std::int64_t> interval_end(std::string_view file_name);

/// Whether a file of that name may hold entries of the window; VPC flow logs hold none.
bool may_hold(std::string_view file_name, const Window& window);

/// The files that `paths` stand for: themselves, all regular ones below a folder (but hidden ones),
/// "-". A file that is named is read whatever its name says. A folder that cannot be read stands
/// for itself, so that reading tells why. `folders`: where those that were looked into are added.
std::vector<std::string> expand(const std::vector<std::string>& paths, const Window& window,
                                std::vector<std::string>* folders = nullptr);

} // namespace nlb::scan
