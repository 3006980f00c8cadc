// SPDX-License-Identifier: Apache-2.0
// The names that OpenSSL has for what a handshake agrees on; access logs use them [p.82].
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

struct ssl_cipher_st;
struct ssl_st;

namespace nlb::tls {

class Names {
  public:
    Names();

    /// "ECDHE-RSA-AES128-GCM-SHA256"; "0x000a" of one that this OpenSSL does not have.
    [[nodiscard]] std::string cipher(std::uint16_t id) const;

    /// "x25519"; "0x6399" of one that this OpenSSL does not know.
    [[nodiscard]] std::string group(std::uint16_t id) const;

    /// Bytes that protection adds to a record's content, of the ciphers of TLS 1.2 that pad
    /// nothing [RFC 5288 3, RFC 6655 3, RFC 7905 2]; nothing of the others.
    [[nodiscard]] std::optional<std::uint64_t> added_bytes(std::uint16_t cipher) const;

  private:
    [[nodiscard]] const ssl_cipher_st* find(std::uint16_t cipher) const;

    std::unique_ptr<ssl_st, void (*)(ssl_st*)> session_; ///< only sessions answer such questions
};

} // namespace nlb::tls
