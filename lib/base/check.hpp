// SPDX-License-Identifier: Apache-2.0
// NLB_CHECK: what only a programmer can cause. Aborts with file and line, in release too.
// What a peer, a file or an operator can cause is a value (base/result.hpp), never a check.
#pragma once

#include <cstdio>
#include <cstdlib>

// NOLINTNEXTLINE(bugprone-macro-parentheses): the condition is printed as written
#define NLB_CHECK(condition)                                                                       \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition);     \
            std::abort();                                                                          \
        }                                                                                          \
    } while (false)
