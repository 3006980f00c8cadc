// SPDX-License-Identifier: Apache-2.0
// make_logs FILE ENTRIES: the entries of one file of a large log, the same ones every time.
#include "accesslog/timestamp.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

/// A generator of its own, so that the logs are the same with every library. [xorshift64*]
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}

    std::uint64_t below(std::uint64_t limit) {
        state_ ^= state_ >> 12U;
        state_ ^= state_ << 25U;
        state_ ^= state_ >> 27U;
        return (state_ * 0x2545f4914f6cdd1dULL >> 33U) % limit;
    }

    /// Small numbers are much more frequent, as lengths and durations are.
    std::uint64_t skewed(std::uint64_t limit) { return below(below(below(limit) + 1) + 1); }

  private:
    std::uint64_t state_;
};

constexpr std::array<const char*, 4> kCiphers = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                                 "ECDHE-RSA-AES128-GCM-SHA256",
                                                 "ECDHE-ECDSA-AES256-GCM-SHA384"};
constexpr std::array<const char*, 4> kLists = {"\"h2\",\"http/1.1\"", "-", "\"http/1.1\"",
                                               "\"h2\""};
constexpr std::int64_t kStart = 1'777'593'600; // 2026-05-01

void client(Random& random, std::string& line) {
    const std::uint64_t host = random.skewed(100'000);
    if (random.below(20) == 0)
        line += "2001:db8:" + std::to_string(host / 1000) + "::" + std::to_string(host % 1000);
    else
        line += "203." + std::to_string(host >> 16U & 255U) + '.' +
                std::to_string(host >> 8U & 255U) + '.' + std::to_string(host & 255U);
    line += ':' + std::to_string(32'768 + random.below(28'000));
}

void numbers(Random& random, std::uint64_t lasted, bool failed, std::string& line) {
    line += ' ' + std::to_string(failed ? random.below(40) : lasted);
    line += failed ? " - 0 0 "
                   : ' ' + std::to_string(random.skewed(300)) + ' ' +
                         std::to_string(random.skewed(200'000)) + ' ' +
                         std::to_string(random.skewed(5'000'000)) + ' ';
    line += failed && random.below(2) == 0 ? "48" : "-";
}

std::string entry(Random& random, std::int64_t time) {
    const bool failed = random.below(50) == 0;
    const std::uint64_t lasted = 20 + random.skewed(600'000);
    const std::uint64_t cipher = random.skewed(kCiphers.size());
    const std::uint64_t list = random.skewed(kLists.size());
    const std::string service = std::to_string(random.skewed(40));
    std::string line = "tls 2.0 ";
    nlb::accesslog::append_time(time, line);
    line += " net/front-of-house/50dc6c495c0c9188 g3d4b5e8bb8464cd ";
    client(random, line);
    line += " 10.0." + std::to_string(random.below(3)) + ".17:443";
    numbers(random, lasted, failed, line);
    line += " arn:aws:acm:us-east-2:123456789012:certificate/2a108f19-aded-46b0-8493-c63eb1ef4a" +
            service + " - ";
    line += failed ? "- - -"
                   : std::string(kCiphers[cipher]) + (cipher < 2 ? " tlsv13 x25519" : " tlsv12 -");
    line += " service-" + service + ".example.com ";
    line += failed || list == 1 ? "- - " : list == 2 ? "http/1.1 http/1.1 " : "h2 h2 ";
    line += std::string(kLists[list]) + ' ';
    nlb::accesslog::append_time(time - static_cast<std::int64_t>(lasted / 1000), line);
    return line + '\n';
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const std::uint64_t file = std::strtoull(argv[1], nullptr, 10);
    const std::uint64_t entries = std::strtoull(argv[2], nullptr, 10);
    Random random(file + 1);
    for (std::uint64_t i = 0; i < entries; ++i) {
        const auto second = static_cast<std::int64_t>(file * 300 + i * 300 / entries);
        const std::string line = entry(random, kStart + second);
        if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size()) return 4;
    }
    return std::fflush(stdout) == 0 ? 0 : 4;
}
