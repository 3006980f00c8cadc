// SPDX-License-Identifier: Apache-2.0
// Builds with sanitizers look at themselves: when they end, and for a report.
#pragma once

namespace nlb::sandbox {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kHasSanitizer = true; // g++
#elif defined(__has_feature)
constexpr bool kHasSanitizer = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kHasSanitizer = false;
#endif

} // namespace nlb::sandbox
