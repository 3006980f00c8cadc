// SPDX-License-Identifier: Apache-2.0
// --since and --until.
#pragma once

#include "scan/files.hpp"

#include "base/result.hpp"

/// "2026-05-01", "2026-05-01T10:00", "2026-05-01T10:00:00", with or without Z, or a span before
/// `now`, such as 90m, 2h or 7d; empty is open. Errors: Usage, with the text and the forms.
nlb::Result<nlb::scan::Window> window_of(const std::string& since, const std::string& until,
                                         std::int64_t now);
