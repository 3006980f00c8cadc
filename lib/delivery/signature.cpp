// SPDX-License-Identifier: Apache-2.0
#include "delivery/signature.hpp"

#include "accesslog/timestamp.hpp"

#include "base/digest.hpp"

#include <array>
#include <cstdint>

namespace nlb::delivery {

namespace {

std::string text_of(const std::array<std::uint8_t, 32>& bytes) {
    return {bytes.begin(), bytes.end()};
}

std::string hex_of(const std::array<std::uint8_t, 32>& bytes) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    for (const std::uint8_t byte : bytes) {
        out += kHex[byte >> 4U];
        out += kHex[byte & 15U];
    }
    return out;
}

} // namespace

std::string amz_date(WallTime time) {
    std::string text;
    accesslog::append_time(time.unix_ms / 1000, text);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text + 'Z';
}

std::string authorization(const SignableRequest& request, std::string_view region,
                          const Credentials& credentials) {
    std::string lines;
    std::string names;
    for (const auto& [name, value] : request.headers) {
        lines.append(name).append(":").append(value).append("\n");
        names.append(names.empty() ? "" : ";").append(name);
    }
    const std::string canonical = request.method + '\n' + request.path + "\n\n" + lines + '\n' +
                                  names + '\n' + request.headers.at("x-amz-content-sha256");
    const std::string& date = request.headers.at("x-amz-date");
    const std::string day = date.substr(0, 8);
    const std::string scope = day + '/' + std::string(region) + "/s3/aws4_request";
    std::string key = "AWS4" + credentials.secret_access_key;
    for (const std::string_view part :
         {std::string_view(day), region, std::string_view("s3"), std::string_view("aws4_request")})
        key = text_of(hmac_sha256(key, part));
    const std::string to_sign =
        "AWS4-HMAC-SHA256\n" + date + '\n' + scope + '\n' + sha256_hex(canonical, 32);
    return "AWS4-HMAC-SHA256 Credential=" + credentials.access_key_id + '/' + scope +
           ",SignedHeaders=" + names + ",Signature=" + hex_of(hmac_sha256(key, to_sign));
}

} // namespace nlb::delivery
