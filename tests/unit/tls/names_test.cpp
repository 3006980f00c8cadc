// SPDX-License-Identifier: Apache-2.0
#include "tls/names.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(tls_names)

BOOST_AUTO_TEST_CASE(numbers_have_the_names_that_logs_use) {
    const nlb::tls::Names names;
    BOOST_TEST(names.cipher(0xc02f) == "ECDHE-RSA-AES128-GCM-SHA256");
    BOOST_TEST(names.cipher(0x1301) == "TLS_AES_128_GCM_SHA256");
    BOOST_TEST(names.cipher(0xfeff) == "0xfeff");
    BOOST_TEST(names.group(0x001d) == "x25519");
    BOOST_TEST(names.group(0x0017) == "secp256r1");
    BOOST_TEST(names.group(0xfeff) == "0xfeff");
}

BOOST_AUTO_TEST_CASE(what_protection_adds_is_known_of_ciphers_that_pad_nothing) {
    const nlb::tls::Names names;
    BOOST_TEST(*names.added_bytes(0xc02f) == 24U); // GCM
    BOOST_TEST(*names.added_bytes(0xcca8) == 16U); // ChaCha20-Poly1305
    BOOST_TEST(*names.added_bytes(0xc0a2) == 16U); // CCM with a tag of 8 bytes
    BOOST_TEST(!names.added_bytes(0xc027));        // CBC
    BOOST_TEST(!names.added_bytes(0x1301));        // TLS 1.3
}

BOOST_AUTO_TEST_SUITE_END()
