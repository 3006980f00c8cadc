// SPDX-License-Identifier: Apache-2.0
// One question to a running nlb-policy, and every line of its answer.
#pragma once

#include "app/context.hpp"

#include "route/status.hpp"

#include "base/result.hpp"
#include "contract/sets.hpp"

#include <string>
#include <vector>

namespace nlb::policy {

struct Said {
    std::vector<contract::Message> lines; ///< outside of sets, the answer not among them
    std::vector<contract::Set> sets;
};

/// `socket` is unix:NAME or unix:/PATH. Waits for the end of the answer.
/// Errors: Usage when it was refused, with the reason; System when nobody serves there or the
/// connection ended before the answer.
Result<Said> ask(const app::Context& context, const std::string& socket,
                 const contract::Request& request);

/// The whole status. Errors as ask().
Result<route::Status> ask_status(const app::Context& context, const std::string& socket);

} // namespace nlb::policy
