// SPDX-License-Identifier: Apache-2.0
// HTTP/1 as a health check needs it: one GET request, and the status code of what comes back.
// Bodies are not read. [RFC 9110, RFC 9112]
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace nlb::wire {

/// The request of one check; it asks the target to close the connection afterwards [p.51].
/// `path` is an origin-form request target ("/health?deep=1"), `host` the Host header.
/// Errors: Data when either holds what could not stand there (spaces, control bytes, no "/").
Result<std::string> http_check_request(std::string_view path, std::string_view host);

/// A header block beyond this, interim responses included, is malformed.
constexpr std::size_t kMostHeaderBytes = std::size_t{16} * 1024;

enum class HttpProgress : std::uint8_t {
    Short,     ///< so far a prefix of a response: feed more
    Complete,  ///< the header has ended; code() is the final status
    Malformed, ///< no HTTP/1 response; why() says where and which rule
};

/// Reads responses up to the end of the first header that is not an interim (1xx) one. Bytes after
/// it are ignored. Once Complete or Malformed it stays so.
class HttpStatusReader {
  public:
    HttpProgress feed(std::string_view bytes);

    [[nodiscard]] HttpProgress progress() const { return progress_; }

    /// The status code, 100-999; 0 until Complete.
    [[nodiscard]] unsigned code() const { return code_; }

    /// "byte 17: bad status": the offset of the block in error; empty unless Malformed.
    [[nodiscard]] const std::string& why() const { return why_; }

    /// Bytes fed so far.
    [[nodiscard]] std::size_t bytes() const { return fed_; }

  private:
    std::size_t parse(std::string_view bytes);
    void malformed(std::size_t offset, std::string_view rule);

    std::string held_; // an unfinished header block
    std::size_t fed_ = 0;
    std::size_t interim_ = 0; // bytes of finished interim blocks
    unsigned code_ = 0;
    HttpProgress progress_ = HttpProgress::Short;
    std::string why_;
};

} // namespace nlb::wire
