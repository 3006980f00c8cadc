// SPDX-License-Identifier: Apache-2.0
// The lines of every contract version ever released, byte for byte: what an old recording holds
// must decode, and what we write must not drift.
#include "contract/codec.hpp"
#include "contract/schema.hpp"

#define BOOST_TEST_MODULE contract
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <set>

using namespace nlb::contract;

BOOST_AUTO_TEST_CASE(every_golden_line_decodes_and_is_written_again_byte_for_byte) {
    std::ifstream file(NLB_GOLDEN);
    BOOST_REQUIRE(file.good());
    Decoder decoder;
    Decoded decoded;
    std::set<std::size_t> kinds;
    for (std::string line; std::getline(file, line);) {
        BOOST_REQUIRE_MESSAGE(decoder.decode(line, decoded).has_value(), line);
        kinds.insert(decoded.message.index());
        std::string again;
        encode(decoded.message, decoded.seq, again);
        BOOST_TEST(again == line + "\n");
    }
    BOOST_TEST(kinds.size() == std::variant_size_v<Message> - 1, "a message has no golden line");
}

BOOST_AUTO_TEST_CASE(the_schema_has_a_line_for_every_message) {
    const std::string text = schema();
    BOOST_TEST(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) ==
               std::variant_size_v<Message> - 1);
    const std::string_view only[] = {"flow"};
    BOOST_TEST(schema(only).starts_with(R"({"message":"flow","meaning":)"));
}
