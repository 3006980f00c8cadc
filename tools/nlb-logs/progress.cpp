// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include "app/table.hpp"
#include "io/clock.hpp"

#include <unistd.h>

#include <cstdio>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr Nanos kFirst = Nanos::milliseconds(500); ///< short work shows nothing
constexpr Nanos kEvery = Nanos::milliseconds(200);

} // namespace

Progress::Progress(const app::Context& context, bool rows_are_shown)
    : is_on_(context.log.shows(app::LogLevel::Notice) && ::isatty(STDERR_FILENO) == 1 &&
             !(rows_are_shown && app::stdout_is_terminal())),
      next_(io::now() + kFirst) {
}

void Progress::show(std::size_t done, std::size_t all) {
    const Nanos now = io::now();
    if (!is_on_ || now < next_) return;
    next_ = now + kEvery;
    was_shown_ = true;
    std::fprintf(stderr, "\r%zu of %zu files", done, all);
}

void Progress::clear() const {
    if (was_shown_) std::fputs("\r\033[K", stderr);
}
