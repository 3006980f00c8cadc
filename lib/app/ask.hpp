// SPDX-License-Identifier: Apache-2.0
// One question to a running tool, and every line of its answer.
#pragma once

#include "app/context.hpp"

#include "contract/stream.hpp"

#include <functional>
#include <string>

namespace nlb::app {

/// `socket` is unix:NAME or unix:/PATH. `take` gets what comes before the answer; waits for its
/// end. Errors: Usage when it was refused, with the reason; System when nobody serves there (then
/// with errno) or the connection ended before the answer.
Result<void> ask(const Context& context, const std::string& socket,
                 const contract::Request& request,
                 const std::function<void(const contract::Event&)>& take);

} // namespace nlb::app
