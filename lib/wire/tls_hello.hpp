// SPDX-License-Identifier: Apache-2.0
// What the unencrypted messages of a TLS handshake say: the client's offer and the server's choice.
// Pure decoders; a message that breaks its own lengths is none. [RFC 8446 4, RFC 5246 7.4]
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::wire {

enum class TlsMessageType : std::uint8_t {
    ClientHello = 1,
    ServerHello = 2,
    ServerKeyExchange = 12,
};

struct TlsMessage {
    std::uint8_t type = 0; ///< TlsMessageType, or one that nobody asks for
    std::string body;
};

/// Handshake messages out of the contents of records, which may hold several or parts.
class TlsMessages {
  public:
    /// More than any real one; a longer message is damage.
    static constexpr std::size_t kLongest = std::size_t{1} << 17U;

    void feed(std::string_view content);

    /// The next whole message, if there is one.
    std::optional<TlsMessage> next();

    /// A message announced a length above kLongest.
    [[nodiscard]] bool is_broken() const { return broken_; }

  private:
    std::string bytes_;
    std::size_t at_ = 0; ///< before it everything was read
    bool broken_ = false;
};

constexpr std::uint16_t kTls13 = 0x0304;

struct ClientHello {
    std::string server_name;        ///< as it came; empty: no such extension
    std::vector<std::string> alpn;  ///< protocol names as they came, in the client's order
    bool offers_early_data = false; ///< so the first encrypted record need not be its Finished
};

struct ServerHello {
    std::uint16_t version = 0; ///< 0x0301 for TLS 1.0 to kTls13
    std::uint16_t cipher = 0;  ///< cipher suite, as IANA numbers them
    std::uint16_t group = 0;   ///< of TLS 1.3's key share; 0: none
    std::string alpn;          ///< empty: none, or it is encrypted (TLS 1.3)
    bool is_retry = false;     ///< HelloRetryRequest: another pair of hellos follows
};

std::optional<ClientHello> read_client_hello(std::string_view body);
std::optional<ServerHello> read_server_hello(std::string_view body);

/// The named group of an ECDHE key exchange; nothing for a curve without name. Of other key
/// exchanges the message must not be asked. [RFC 8422 5.4]
std::optional<std::uint16_t> read_key_exchange_group(std::string_view body);

} // namespace nlb::wire
