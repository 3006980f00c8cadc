// SPDX-License-Identifier: Apache-2.0
// A file of tests/data as text.
#pragma once

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>
#include <string>

namespace nlb::tests {

inline std::string text_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    BOOST_REQUIRE_MESSAGE(in.is_open(), "cannot open " << path);
    return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace nlb::tests
