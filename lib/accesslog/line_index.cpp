// SPDX-License-Identifier: Apache-2.0
#include "accesslog/line_index.hpp"

#include "base/check.hpp"

#include <array>
#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <immintrin.h>
#endif

namespace nlb::accesslog {

namespace {

constexpr std::size_t kBlock = 64;

/// One bit a byte of a block.
struct Masks {
    std::uint64_t spaces = 0;
    std::uint64_t feeds = 0;
};

/// The positions of bits, one after the other.
struct OneByOne {
    /// Eight are written whatever there is: a branch on the number would cost more.
    __attribute__((always_inline)) static void put(std::uint64_t bits, std::uint32_t at,
                                                   std::uint32_t* out) {
        const auto found = static_cast<unsigned>(std::popcount(bits));
        for (unsigned i = 0; i < 8; ++i) {
            out[i] = at + static_cast<std::uint32_t>(std::countr_zero(bits));
            bits &= bits - 1;
        }
        for (unsigned i = 8; i < found; ++i) {
            out[i] = at + static_cast<std::uint32_t>(std::countr_zero(bits));
            bits &= bits - 1;
        }
    }
};

#ifdef __SSE2__

std::uint64_t equal16(__m128i bytes, char wanted) {
    const int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(wanted)));
    return static_cast<std::uint32_t>(mask);
}

struct Baseline : OneByOne {
    static Masks of(const char* block) {
        Masks masks;
        for (unsigned i = 0; i < kBlock; i += 16) {
            const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + i));
            masks.spaces |= equal16(bytes, ' ') << i;
            masks.feeds |= equal16(bytes, '\n') << i;
        }
        return masks;
    }
};

struct Avx2 : OneByOne {
    __attribute__((target("avx2"))) static std::uint64_t equal(__m256i low, __m256i high,
                                                               char wanted) {
        const __m256i all = _mm256_set1_epi8(wanted);
        const auto a =
            static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, all)));
        const auto b =
            static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, all)));
        return a | (std::uint64_t{b} << 32U);
    }

    __attribute__((target("avx2"))) static Masks of(const char* block) {
        const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block));
        const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + 32));
        return {equal(low, high, ' '), equal(low, high, '\n')};
    }
};

#define NLB_AVX512 __attribute__((target("avx512bw,avx512vbmi2,bmi,popcnt")))

struct Avx512 {
    NLB_AVX512 static Masks of(const char* block) {
        const __m512i bytes = _mm512_loadu_si512(block);
        return {_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(' ')),
                _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\n'))};
    }

    /// Sixteen at once: their numbers are squeezed together and widened.
    NLB_AVX512 static void put(std::uint64_t bits, std::uint32_t at, std::uint32_t* out) {
        if (std::popcount(bits) > 16) return OneByOne::put(bits, at, out);
        static constexpr auto kNumbers = [] {
            std::array<std::uint8_t, kBlock> numbers{};
            for (std::size_t i = 0; i < kBlock; ++i)
                numbers[i] = static_cast<std::uint8_t>(i);
            return numbers;
        }();
        const __m512i squeezed =
            _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(kNumbers.data()));
        // The forms with masks: g++ 12 warns about what the others leave undefined.
        const __m512i wide =
            _mm512_maskz_cvtepu8_epi32(0xffff, _mm512_maskz_extracti32x4_epi32(0xf, squeezed, 0));
        _mm512_storeu_si512(out, _mm512_add_epi32(wide, _mm512_set1_epi32(static_cast<int>(at))));
    }
};

#else

struct Baseline : OneByOne {
    static Masks of(const char* block) {
        Masks masks;
        for (unsigned i = 0; i < kBlock; ++i) {
            masks.spaces |= std::uint64_t{block[i] == ' '} << i;
            masks.feeds |= std::uint64_t{block[i] == '\n'} << i;
        }
        return masks;
    }
};

#endif

/// What grows while the blocks pass.
struct Cursor {
    std::uint32_t* places;
    std::uint32_t* ends;
    std::uint32_t count = 0; ///< of places
    std::uint32_t lines = 0;
    std::uint64_t empty = 0;
    std::uint64_t carry = 1; ///< 1 when the byte before the block separates; the begin does

    template <class Finder>
    __attribute__((always_inline)) void take(const char* block, std::uint32_t at) {
        const Masks masks = Finder::of(block);
        const std::uint64_t both = masks.spaces | masks.feeds;
        empty |= both & ((both << 1U) | carry);
        carry = both >> (kBlock - 1);
        // The first is written whether there is one or not, which no processor could foretell.
        std::uint64_t feeds = masks.feeds;
        ends[lines] = place_of(feeds, both);
        lines += feeds != 0 ? 1U : 0U;
        for (feeds &= feeds - 1; feeds != 0; feeds &= feeds - 1)
            ends[lines++] = place_of(feeds, both);
        Finder::put(both, at, places + count);
        count += static_cast<std::uint32_t>(std::popcount(both));
    }

    /// The number of the place of the first of `feeds`.
    [[nodiscard]] __attribute__((always_inline)) std::uint32_t place_of(std::uint64_t feeds,
                                                                        std::uint64_t both) const {
        const std::uint64_t before = (feeds & (0 - feeds)) - 1;
        return count + static_cast<std::uint32_t>(std::popcount(both & before));
    }
};

template <class Finder>
__attribute__((always_inline)) inline void walk(std::string_view text, Cursor& result) {
    Cursor cursor = result; // in registers: the places that are written could be the result's own
    std::size_t at = 0;
    for (; at + kBlock <= text.size(); at += kBlock)
        cursor.template take<Finder>(text.data() + at, static_cast<std::uint32_t>(at));
    if (at < text.size()) {
        std::array<char, kBlock> rest{};
        std::memcpy(rest.data(), text.data() + at, text.size() - at);
        cursor.template take<Finder>(rest.data(), static_cast<std::uint32_t>(at));
    }
    result = cursor;
}

#ifdef __SSE2__
__attribute__((target("avx2,bmi,popcnt"))) void walk_avx2(std::string_view text, Cursor& cursor) {
    walk<Avx2>(text, cursor);
}

NLB_AVX512 void walk_avx512(std::string_view text, Cursor& cursor) {
    walk<Avx512>(text, cursor);
}
#endif

void walk_best(std::string_view text, LineIndex::Width widest, Cursor& cursor) {
#ifdef __SSE2__
    static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0 &&
                                 __builtin_cpu_supports("bmi") != 0 &&
                                 __builtin_cpu_supports("popcnt") != 0;
    static const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512bw") != 0 &&
                                   __builtin_cpu_supports("avx512vbmi2") != 0;
    if (has_avx512 && widest == LineIndex::Width::Avx512) return walk_avx512(text, cursor);
    if (has_avx2 && widest != LineIndex::Width::Sse2) return walk_avx2(text, cursor);
#else
    (void)widest;
#endif
    walk<Baseline>(text, cursor);
}

} // namespace

void LineIndex::reserve(std::size_t bytes) {
    if (bytes <= capacity_) return;
    // Not zeroed: what is never written never becomes memory.
    places_ = std::make_unique_for_overwrite<std::uint32_t[]>(bytes + kBlock);
    ends_ = std::make_unique_for_overwrite<std::uint32_t[]>(bytes + kBlock);
    capacity_ = bytes;
}

void LineIndex::build(std::string_view text, Width widest) {
    NLB_CHECK(text.size() < (1U << 31U) && (text.empty() || text.back() == '\n'));
    reserve(text.size());
    Cursor cursor{.places = places_.get(), .ends = ends_.get()};
    walk_best(text, widest, cursor);
    lines_ = cursor.lines;
    has_empty_ = cursor.empty != 0;
}

} // namespace nlb::accesslog
