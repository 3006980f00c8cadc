// SPDX-License-Identifier: Apache-2.0
// The process of Scripts, and what the two say to each other: packets of text, fields apart by NUL.
#pragma once

#include "io/fd.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

/// Of one packet; what is longer is cut.
constexpr std::size_t kLongestPacket = 8192;

std::string joined(std::initializer_list<std::string_view> fields);
std::vector<std::string> fields_of(std::string_view packet);

/// Takes "NUMBER SCRIPT ADDRESS PORT" (run it) and "NUMBER" (kill it) from `socket` until that
/// ends, and answers each run with "NUMBER passed|failed|trouble HOW OUTPUT". Then ends the
/// process.
[[noreturn]] void serve_scripts(nlb::io::Fd socket, const std::string& folder);
