// SPDX-License-Identifier: Apache-2.0
// The records of one direction of a TLS connection, as far as somebody outside can see them.
// [RFC 8446 5.1, RFC 5246 6.2.1]
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nlb::health {

class TlsRecords {
  public:
    /// Bytes in order. Why no TLS session comes about, once it can be seen: "TLS alert 70"; else
    /// empty.
    std::string feed(std::string_view bytes);

    /// Has the handshake come so far that what follows is encrypted?
    [[nodiscard]] bool is_encrypted() const { return encrypted_; }

    [[nodiscard]] bool has_application_data() const { return has_application_data_; }

  private:
    [[nodiscard]] std::uint8_t byte(std::size_t i) const;
    [[nodiscard]] std::size_t wanted() const;
    std::string end_of_header();

    std::string header_; // of the present record, with the two bytes of an alert
    std::size_t skip_ = 0;
    bool encrypted_ = false; // a change_cipher_spec came
    bool has_application_data_ = false;
};

} // namespace nlb::health
