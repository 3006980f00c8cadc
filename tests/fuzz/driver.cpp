// SPDX-License-Identifier: Apache-2.0
// What runs a fuzz target where libFuzzer is not available: the checked-in corpus, then seeded
// mutations of it, the same ones in every run. A crash or a sanitizer report fails the test.
//   fuzz_NAME CORPUS_FOLDER [SEED]
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr int kMutations = 4000;
constexpr std::size_t kLongest = 64 * 1024;

std::vector<Bytes> corpus(const char* folder) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    std::vector<Bytes> seeds;
    for (const auto& path : paths) {
        std::ifstream file(path, std::ios::binary);
        seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return seeds;
}

void mutate_once(Bytes& bytes, const std::vector<Bytes>& seeds, std::mt19937_64& random) {
    const std::size_t at = bytes.empty() ? 0 : random() % bytes.size();
    const auto position = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    constexpr std::uint8_t edges[] = {0, 1, 0x7f, 0x80, 0xff, '\n', '"', '{'};
    switch (random() % 6) {
    case 0:
        if (!bytes.empty()) bytes[at] ^= static_cast<std::uint8_t>(1U << (random() % 8));
        break;
    case 1:
        if (!bytes.empty()) bytes[at] = edges[random() % std::size(edges)];
        break;
    case 2: bytes.insert(position, static_cast<std::uint8_t>(random())); break;
    case 3: bytes.resize(at); break;
    case 4: { // the tail of another seed
        const Bytes& other = seeds[random() % seeds.size()];
        const std::size_t from = other.empty() ? 0 : random() % other.size();
        bytes.resize(at);
        bytes.insert(bytes.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
        break;
    }
    default: { // a stretch of itself again
        const Bytes copy(position, bytes.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                       bytes.size(), at + 1 + random() % 32)));
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), copy.begin(), copy.end());
    }
    }
    if (bytes.size() > kLongest) bytes.resize(kLongest);
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s CORPUS_FOLDER [SEED]\n", argv[0]);
        return 2;
    }
    const std::vector<Bytes> seeds = corpus(argv[1]);
    if (seeds.empty()) {
        std::fprintf(stderr, "%s: no seeds in %s\n", argv[0], argv[1]);
        return 2;
    }
    for (const Bytes& seed : seeds)
        LLVMFuzzerTestOneInput(seed.data(), seed.size());
    std::mt19937_64 random(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
    for (int i = 0; i < kMutations; ++i) {
        Bytes bytes = seeds[random() % seeds.size()];
        for (std::uint64_t n = 1 + random() % 4; n > 0; --n)
            mutate_once(bytes, seeds, random);
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
    std::printf("%zu seeds, %d mutations\n", seeds.size(), kMutations);
    return 0;
}
