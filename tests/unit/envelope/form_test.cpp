// SPDX-License-Identifier: Apache-2.0
#include "envelope/form.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <vector>

using nlb::envelope::check_form;
using nlb::envelope::Match;
using nlb::envelope::match;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes element(std::uint8_t tag, std::initializer_list<Bytes> parts) {
    Bytes content;
    for (const Bytes& part : parts)
        content.insert(content.end(), part.begin(), part.end());
    Bytes made = {tag, 0x82, static_cast<std::uint8_t>(content.size() >> 8U),
                  static_cast<std::uint8_t>(content.size())};
    made.insert(made.end(), content.begin(), content.end());
    return made;
}

const Bytes kType = {0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17};
const Bytes kVersion = {0x02, 0x01, 0x00};

Bytes message(std::size_t tag_bytes, const Bytes& behind_tag = {}) {
    return element(
        0x30,
        {kType, element(0xa0, {element(0x30, {kVersion, element(0x31, {Bytes(90)}),
                                              element(0x30, {Bytes(90)}),
                                              element(0x04, {Bytes(tag_bytes)}), behind_tag})})});
}

} // namespace

BOOST_AUTO_TEST_CASE(a_message_is_known_by_its_first_bytes) {
    const Bytes whole = message(16);
    BOOST_TEST((match(whole) == Match::Yes));
    for (std::size_t n = 0; n < 17; ++n)
        BOOST_TEST((match({whole.data(), n}) == Match::TooShort));
    BOOST_TEST((match({whole.data(), 17}) == Match::Yes));
    Bytes other = whole; // signed data is none
    other[16] = 0x02;
    BOOST_TEST((match(other) == Match::No));
    const Bytes entry = {'t', 'l', 's'};
    BOOST_TEST((match(entry) == Match::No));
    const Bytes digits = {'0', '0'};
    BOOST_TEST((match(digits) == Match::No));
}

BOOST_AUTO_TEST_CASE(only_a_whole_message_with_a_whole_tag_has_the_form) {
    const Bytes whole = message(16);
    BOOST_TEST(check_form(whole).has_value());
    for (std::size_t n = 0; n < whole.size(); ++n)
        BOOST_TEST(!check_form({whole.data(), n}).has_value());
    for (const std::size_t tag_bytes : {0U, 1U, 4U, 12U, 15U, 17U})
        BOOST_TEST(!check_form(message(tag_bytes)).has_value());
    // Unprotected attributes that look like a tag do not stand in for one.
    BOOST_TEST(!check_form(message(1, element(0xa2, {Bytes(16)}))).has_value());
    BOOST_TEST(!check_form(message(1, element(0x04, {Bytes(16)}))).has_value());
    Bytes indefinite = whole;
    indefinite[1] = 0x80;
    BOOST_TEST(!check_form(indefinite).has_value());
}
