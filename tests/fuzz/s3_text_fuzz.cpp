// SPDX-License-Identifier: Apache-2.0
// Answers of a bucket, the files of the AWS tools, endpoints: the first byte says which.
#include "delivery/credentials.hpp"
#include "delivery/s3_text.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace nlb::delivery; // NOLINT(google-build-using-namespace)

namespace {

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
}

void check_profile(std::string_view text) {
    const auto profile = find_profile(text, "default");
    if (!profile) return;
    for (const auto& [name, value] : *profile) {
        NLB_CHECK(name.find('\n') == std::string::npos);
        NLB_CHECK(value.find('\n') == std::string::npos);
    }
}

void check_endpoint(std::string_view text) {
    const auto endpoint = parse_endpoint(text, "eu-west-1", false);
    if (!endpoint) return;
    const std::string url = object_url(*endpoint, "logs", text);
    NLB_CHECK(is_printable(url));
    NLB_CHECK(url.find(' ') == std::string::npos);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string copy(data + 1, data + size);
    switch (data[0] % 3) {
    case 0: NLB_CHECK(is_printable(answer_text(500, copy))); break;
    case 1: check_profile(copy); break;
    default: check_endpoint(copy); break;
    }
    return 0;
}
