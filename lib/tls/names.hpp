// SPDX-License-Identifier: Apache-2.0
// The names that OpenSSL has for what a handshake agrees on; access logs use them [p.82].
#pragma once

#include <cstdint>
#include <memory>
#include <string>

struct ssl_st;

namespace nlb::tls {

class Names {
  public:
    Names();

    /// "ECDHE-RSA-AES128-GCM-SHA256"; "0x000a" of one that this OpenSSL does not have.
    [[nodiscard]] std::string cipher(std::uint16_t id) const;

    /// "x25519"; "0x6399" of one that this OpenSSL does not know.
    [[nodiscard]] std::string group(std::uint16_t id) const;

  private:
    std::unique_ptr<ssl_st, void (*)(ssl_st*)> session_; ///< only sessions answer such questions
};

} // namespace nlb::tls
