// SPDX-License-Identifier: Apache-2.0
#include "tls/names.hpp"

#include "base/check.hpp"

#include <openssl/ssl.h>

#include <array>
#include <cstdio>

namespace nlb::tls {

namespace {

std::string hex(std::uint16_t id) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "0x%04x", id);
    return text.data();
}

} // namespace

Names::Names() : session_(nullptr, &SSL_free) {
    const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_method()),
                                                               &SSL_CTX_free);
    NLB_CHECK(context != nullptr);
    session_.reset(SSL_new(context.get())); // which keeps the context
    NLB_CHECK(session_ != nullptr);
}

std::string Names::cipher(std::uint16_t id) const {
    const std::array<unsigned char, 2> bytes{static_cast<unsigned char>(id >> 8U),
                                             static_cast<unsigned char>(id & 0xffU)};
    const SSL_CIPHER* found = SSL_CIPHER_find(session_.get(), bytes.data());
    return found != nullptr ? SSL_CIPHER_get_name(found) : hex(id);
}

std::string Names::group(std::uint16_t id) const {
    // The function takes OpenSSL's own numbers, or with this flag those of IANA.
    const char* found = SSL_group_to_name(session_.get(), TLSEXT_nid_unknown | id);
    return found != nullptr ? found : hex(id);
}

} // namespace nlb::tls
