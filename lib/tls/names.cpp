// SPDX-License-Identifier: Apache-2.0
#include "tls/names.hpp"

#include "base/check.hpp"

#include <openssl/ssl.h>

#include <array>
#include <cstdio>
#include <string_view>

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

const SSL_CIPHER* Names::find(std::uint16_t cipher) const {
    const std::array<unsigned char, 2> bytes{static_cast<unsigned char>(cipher >> 8U),
                                             static_cast<unsigned char>(cipher & 0xffU)};
    return SSL_CIPHER_find(session_.get(), bytes.data());
}

std::string Names::cipher(std::uint16_t id) const {
    const SSL_CIPHER* found = find(id);
    return found != nullptr ? SSL_CIPHER_get_name(found) : hex(id);
}

std::string Names::group(std::uint16_t id) const {
    // The function takes OpenSSL's own numbers, or with this flag those of IANA.
    const char* found = SSL_group_to_name(session_.get(), TLSEXT_nid_unknown | id);
    return found != nullptr ? found : hex(id);
}

std::optional<std::uint64_t> Names::added_bytes(std::uint16_t cipher) const {
    constexpr std::uint64_t kTag = 16;
    constexpr std::uint64_t kShortTag = 8;
    constexpr std::uint64_t kExplicitNonce = 8;
    const SSL_CIPHER* found = find(cipher);
    if (found == nullptr || SSL_CIPHER_is_aead(found) != 1) return std::nullopt;
    if (std::string_view(SSL_CIPHER_get_version(found)) != "TLSv1.2") return std::nullopt;
    const std::string_view name = SSL_CIPHER_get_name(found);
    if (name.find("CHACHA20") != std::string_view::npos) return kTag;
    return kExplicitNonce + (name.ends_with("CCM8") ? kShortTag : kTag);
}

} // namespace nlb::tls
