// SPDX-License-Identifier: Apache-2.0
#include "envelope/form.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace nlb::envelope {

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t kInteger = 0x02;
constexpr std::uint8_t kOctets = 0x04;
constexpr std::uint8_t kSequence = 0x30;
constexpr std::uint8_t kSet = 0x31;
constexpr std::uint8_t kExplicit = 0xa0;
constexpr std::uint8_t kLongLength = 0x80;  ///< flag; the other bits count the bytes of the length
constexpr std::size_t kMostLengthBytes = 4; ///< beyond are lengths that no file has
constexpr std::size_t kTagBytes = 16;       ///< of AES-GCM, in full

/// 1.2.840.113549.1.9.16.1.23, id-ct-authEnvelopedData
constexpr std::array<std::uint8_t, 13> kType = {0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                                0x0d, 0x01, 0x09, 0x10, 0x01, 0x17};

struct Element {
    std::uint8_t tag = 0;
    Bytes content;
};

/// Takes an element of definite length off `rest`; nothing when it is cut off or has another form.
std::optional<Element> take(Bytes& rest) {
    if (rest.size() < 2) return std::nullopt;
    const std::uint8_t tag = rest[0];
    std::size_t length = rest[1];
    rest = rest.subspan(2);
    if (length >= kLongLength) {
        const std::size_t count = length - kLongLength;
        if (count == 0 || count > kMostLengthBytes || count > rest.size()) return std::nullopt;
        length = 0;
        for (const std::uint8_t byte : rest.first(count))
            length = length << 8U | byte;
        rest = rest.subspan(count);
    }
    if (length > rest.size()) return std::nullopt;
    const Element element{tag, rest.first(length)};
    rest = rest.subspan(length);
    return element;
}

std::optional<Bytes> take(std::uint8_t tag, Bytes& rest) {
    const auto element = take(rest);
    if (!element || element->tag != tag) return std::nullopt;
    return element->content;
}

Failure<Error> wrong(const char* why) {
    return fail(Errc::Data, std::string("the encrypted data ") + why);
}

} // namespace

Match match(Bytes begin) {
    if (begin.empty()) return Match::TooShort;
    if (begin[0] != kSequence) return Match::No;
    if (begin.size() < 2) return Match::TooShort;
    if (begin[1] < kLongLength || begin[1] > kLongLength + kMostLengthBytes) return Match::No;
    const std::size_t length_end = 2U + (begin[1] - kLongLength);
    const Bytes type = begin.subspan(std::min(begin.size(), length_end));
    const std::size_t n = std::min(type.size(), kType.size());
    if (!std::equal(kType.begin(), kType.begin() + n, type.begin())) return Match::No;
    return n == kType.size() ? Match::Yes : Match::TooShort;
}

Result<void> check_form(Bytes message) {
    auto content = take(kSequence, message);
    if (!content) return wrong("ends too early, or is not in DER");
    if (!message.empty()) return wrong("is followed by something else");
    take(*content); // the type, which match() knows
    auto outer = take(kExplicit, *content);
    auto data = outer ? take(kSequence, *outer) : std::nullopt;
    if (!data || !content->empty() || !outer->empty()) return wrong("is damaged");
    for (const std::uint8_t tag : {kInteger, kSet, kSequence}) { // version, recipients, content
        if (!take(tag, *data)) return wrong("has parts that were not expected");
    }
    const auto mac = take(kOctets, *data);
    if (!mac || !data->empty()) return wrong("has parts that were not expected");
    if (mac->size() != kTagBytes) return wrong("has no authentication tag of 16 bytes");
    return {};
}

} // namespace nlb::envelope
