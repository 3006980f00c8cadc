// SPDX-License-Identifier: Apache-2.0
// logs_floor THREADS FILES: the least that reading costs. Decompresses gzip files of one member
// with ISA-L, counts lines, prints the number.
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kIn = 64U << 10U;
constexpr std::size_t kOut = 256U << 10U;

/// Counts in bytes as long as they cannot overflow, which compilers turn into vector code.
std::uint64_t feeds_in(const std::uint8_t* at, std::size_t left) {
    std::uint64_t feeds = 0;
    while (left > 0) {
        const std::size_t n = std::min<std::size_t>(left, 255 * 32);
        std::array<std::uint8_t, 32> sums{};
        std::size_t i = 0;
        for (; i + 32 <= n; i += 32) {
            for (std::size_t k = 0; k < 32; ++k)
                sums[k] = static_cast<std::uint8_t>(sums[k] + (at[i + k] == '\n' ? 1 : 0));
        }
        for (; i < n; ++i)
            feeds += at[i] == '\n' ? 1 : 0;
        for (const std::uint8_t sum : sums)
            feeds += sum;
        at += n;
        left -= n;
    }
    return feeds;
}

std::uint64_t lines_of(const char* path) {
    std::FILE* file = std::fopen(path, "rb");
    if (file == nullptr) std::exit(4);
    std::setvbuf(file, nullptr, _IONBF, 0);
    auto state = std::make_unique<inflate_state>();
    isal_inflate_init(state.get());
    state->crc_flag = ISAL_GZIP;
    std::vector<std::uint8_t> in(kIn);
    std::vector<std::uint8_t> out(kOut);
    std::uint64_t lines = 0;
    while (state->block_state != ISAL_BLOCK_FINISH) {
        if (state->avail_in == 0) {
            state->next_in = in.data();
            state->avail_in = static_cast<std::uint32_t>(std::fread(in.data(), 1, kIn, file));
        }
        state->next_out = out.data();
        state->avail_out = kOut;
        if (isal_inflate(state.get()) != ISAL_DECOMP_OK) std::exit(3);
        const std::size_t got = kOut - state->avail_out;
        if (got == 0 && state->avail_in == 0) std::exit(3);
        lines += feeds_in(out.data(), got);
    }
    std::fclose(file);
    return lines;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    std::atomic<int> next{2};
    std::atomic<std::uint64_t> lines{0};
    const auto work = [&] {
        for (int i = next++; i < argc; i = next++)
            lines += lines_of(argv[i]);
    };
    std::vector<std::jthread> threads;
    for (int i = std::atoi(argv[1]); i > 1; --i)
        threads.emplace_back(work);
    work();
    threads.clear();
    std::printf("%llu\n", static_cast<unsigned long long>(lines.load()));
    return 0;
}
