// SPDX-License-Identifier: Apache-2.0
// The records of one direction of a TLS connection [RFC 8446 5.1, RFC 5246 6.2.1], as somebody
// outside sees them. A pure machine; it holds one record at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nlb::wire {

enum class TlsRecordType : std::uint8_t {
    ChangeCipherSpec = 20,
    Alert = 21,
    Handshake = 22,
    ApplicationData = 23,
};

struct TlsRecord {
    TlsRecordType type{};
    std::size_t length = 0; ///< of the content
    std::string content;    ///< of handshake messages and alerts; empty of others

    /// The description of an alert that is not encrypted; nothing of any other record.
    [[nodiscard]] std::optional<std::uint8_t> alert() const {
        constexpr std::size_t kAlert = 2; // level, description
        if (type != TlsRecordType::Alert || content.size() != kAlert) return std::nullopt;
        return static_cast<std::uint8_t>(content[1]);
    }
};

class TlsRecords {
  public:
    /// Bytes in order, as many as there are.
    void feed(std::string_view bytes);

    /// The next whole record, if there is one.
    std::optional<TlsRecord> next();

    /// What came is no TLS record; nothing after it is read.
    [[nodiscard]] bool is_broken() const { return broken_; }

  private:
    std::string bytes_;
    std::size_t at_ = 0;   ///< before it everything was read
    std::size_t skip_ = 0; ///< bytes of a record that are still to come, and that nobody keeps
    std::optional<TlsRecord> skipped_;
    bool broken_ = false;
};

} // namespace nlb::wire
