// SPDX-License-Identifier: Apache-2.0
// Errors as values. Result<T> holds a T or an Error; an Error says what was attempted in the
// words of the caller ("bind 192.0.2.1:443") and is printed once, by main.
// The one place that names tl::expected, so that std::expected is a one-line change.
#pragma once

#include <tl/expected.hpp>

#include <string>
#include <string_view>

namespace nlb {

/// What kind of failure; app/ maps each to one exit status.
enum class Errc {
    Usage,  ///< wrong options, wrong configuration: status 2
    Data,   ///< input that can be read but is not what it should be: status 3
    System, ///< a system call or peer failed: status 4
};

struct [[nodiscard]] Error {
    Errc code = Errc::System;
    int sys = 0;         ///< errno of the failed call, 0 when none
    std::string attempt; ///< what was tried, where, what is allowed

    /// "bind 192.0.2.1:443: Address already in use"
    [[nodiscard]] std::string text() const;
};

/// A T or an error; `E` where one Error is not enough, such as every problem of a file.
template <class T, class E = Error>
using Result = tl::expected<T, E>;

template <class E>
using Failure = tl::unexpected<E>;

[[nodiscard]] inline tl::unexpected<Error> fail(Errc code, std::string attempt, int sys = 0) {
    return tl::unexpected<Error>(Error{code, sys, std::move(attempt)});
}

/// Passes an error up with context in front: "target-set input: read: Connection reset by peer".
[[nodiscard]] tl::unexpected<Error> forward(Error error, std::string_view context);

} // namespace nlb
