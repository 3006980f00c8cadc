// SPDX-License-Identifier: Apache-2.0
#include "base/result.hpp"

#include <system_error>

namespace nlb {

std::string Error::text() const {
    if (sys == 0) return attempt;
    return attempt + ": " + std::generic_category().message(sys);
}

tl::unexpected<Error> forward(Error error, std::string_view context) {
    error.attempt.insert(0, std::string(context) + ": ");
    return tl::unexpected<Error>(std::move(error));
}

} // namespace nlb
