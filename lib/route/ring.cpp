// SPDX-License-Identifier: Apache-2.0
#include "route/ring.hpp"

#include "base/check.hpp"
#include "base/digest.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace nlb::route {

namespace {

constexpr std::uint32_t kFree = ~std::uint32_t{0};

// The hashes of a walk must be independent: one digest of the id, three seeds, one mixer.
constexpr std::uint64_t kOffsetSeed = 0x6f66667365740000ULL; // "offset"
constexpr std::uint64_t kSkipSeed = 0x736b697000000000ULL;   // "skip"
constexpr std::uint64_t kRootSeed = 0x726f6f7400000000ULL;   // "root"

/// Spreads every input bit over all output bits (the finalizer of MurmurHash3); FNV alone leaves
/// ids that differ in the last digit close together.
std::uint64_t mix(std::uint64_t value) {
    value ^= value >> 33U;
    value *= 0xff51afd7ed558ccdULL;
    value ^= value >> 33U;
    value *= 0xc4ceb9fe1a85ec53ULL;
    value ^= value >> 33U;
    return value;
}

/// One member's walk over the slots: offset, offset + skip, offset + skip root, offset + skip
/// root²,
/// ... modulo the size. The size is prime and root generates its multiplicative group, so the walk
/// visits every slot once before it repeats. §3.4 adds skip again and again; there two members with
/// the same skip, which 100 members have in one of 14 groups, follow each other around the table,
/// and one of them gone moves twice as many flows of the others.
struct Walk {
    std::uint32_t next = 0;
    std::uint32_t offset = 0;
    std::uint32_t skip = 0; // times the power of root that comes next
    std::uint32_t root = 0;
    std::uint32_t member = 0;
    std::uint32_t weight = 0;
    std::uint64_t credit = 0;
};

std::uint32_t times(std::uint32_t a, std::uint32_t b, std::uint32_t size) {
    return static_cast<std::uint32_t>(std::uint64_t{a} * b % size);
}

std::uint32_t power(std::uint32_t base, std::uint32_t exponent, std::uint32_t size) {
    std::uint32_t result = 1;
    for (; exponent != 0; exponent /= 2) {
        if (exponent % 2 != 0) result = times(result, base, size);
        base = times(base, base, size);
    }
    return result;
}

/// The smallest number whose powers are every number but 0 modulo the prime `size`.
std::uint32_t smallest_root(std::uint32_t size) {
    std::vector<std::uint32_t> quotients; // of size - 1 and its prime factors
    std::uint32_t rest = size - 1;
    for (std::uint32_t factor = 2; factor <= rest; ++factor) {
        if (rest % factor != 0) continue;
        quotients.push_back((size - 1) / factor);
        while (rest % factor == 0)
            rest /= factor;
    }
    const auto generates = [&](std::uint32_t root) {
        return std::none_of(quotients.begin(), quotients.end(), [&](std::uint32_t exponent) {
            return power(root, exponent, size) == 1;
        });
    };
    std::uint32_t root = 1;
    while (!generates(root))
        ++root;
    return root;
}

/// One of the roots, all alike likely or nearly so.
std::uint32_t root_of(std::uint64_t key, std::uint32_t smallest, std::uint32_t size) {
    auto exponent = static_cast<std::uint32_t>(mix(key ^ kRootSeed) % (size - 1));
    while (std::gcd(exponent, size - 1) != 1)
        ++exponent;
    return power(smallest, exponent, size);
}

/// Positions of `members` in the order of their ids.
std::vector<std::uint32_t> by_id(std::span<const Member> members) {
    std::vector<std::uint32_t> order(members.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t a, std::uint32_t b) { return members[a].id < members[b].id; });
    return order;
}

std::vector<Walk> make_walks(std::span<const Member> members, std::uint32_t size) {
    std::vector<Walk> walks;
    walks.reserve(members.size());
    const std::uint32_t smallest = smallest_root(size);
    for (const std::uint32_t index : by_id(members)) {
        if (members[index].weight == 0) continue;
        const std::uint64_t key = fnv1a(members[index].id);
        const auto offset = static_cast<std::uint32_t>(mix(key ^ kOffsetSeed) % size);
        const auto skip = static_cast<std::uint32_t>(mix(key ^ kSkipSeed) % (size - 1) + 1);
        walks.push_back(
            {offset, offset, skip, root_of(key, smallest, size), index, members[index].weight, 0});
    }
    return walks;
}

/// The next slot of the walk that nobody owns; there is one.
std::uint32_t take_free(Walk& walk, const std::vector<std::uint32_t>& slots) {
    const auto size = static_cast<std::uint32_t>(slots.size());
    for (;;) {
        const std::uint32_t slot = walk.next;
        walk.next = walk.offset < size - walk.skip ? walk.offset + walk.skip
                                                   : walk.offset - (size - walk.skip);
        walk.skip = times(walk.skip, walk.root, size);
        if (slots[slot] == kFree) return slot;
    }
}

} // namespace

std::uint32_t ring_size(std::size_t registered) {
    if (registered <= 4) return 4093;
    if (registered <= 25) return 16381;
    return 65537;
}

Ring build_ring(std::span<const Member> members, std::uint32_t size) {
    NLB_CHECK(size >= 2 && members.size() < kFree);
    std::vector<Walk> walks = make_walks(members, size);
    if (walks.empty()) return {};
    const std::uint32_t heaviest =
        std::max_element(walks.begin(), walks.end(), [](const Walk& a, const Walk& b) {
            return a.weight < b.weight;
        })->weight;
    Ring ring{std::vector<std::uint32_t>(size, kFree)};
    // Rounds of turns as in §3.4; weights change how often a member has one: the heaviest takes a
    // turn in every round, one of half its weight in every second.
    for (std::uint32_t filled = 0;;) {
        for (Walk& walk : walks) {
            walk.credit += walk.weight;
            if (walk.credit < heaviest) continue;
            walk.credit -= heaviest;
            ring.slots[take_free(walk, ring.slots)] = walk.member;
            if (++filled == size) return ring;
        }
    }
}

std::string ring_digest(const Ring& ring, std::span<const Member> members) {
    std::vector<std::uint64_t> keys;
    keys.reserve(members.size());
    for (const Member& member : members)
        keys.push_back(fnv1a(member.id));
    std::uint64_t digest = kFnvStart;
    for (const std::uint32_t slot : ring.slots) {
        std::array<char, 8> bytes{};
        for (std::size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = static_cast<char>(keys[slot] >> (8 * i) & 0xffU);
        digest = fnv1a({bytes.data(), bytes.size()}, digest);
    }
    return hex64(digest);
}

} // namespace nlb::route
