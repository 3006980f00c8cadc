// SPDX-License-Identifier: Apache-2.0
// One message to one line and back. Rules of nlb-messages(7): UTF-8 JSON object, at most 64 KiB,
// nesting at most two deep, unknown members ignored, missing required members an error.
#pragma once

#include "base/result.hpp"
#include "contract/messages.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace nlb::contract {

constexpr std::size_t kLongestLine = 65536; ///< bytes, without the newline

/// {"type":"…",members in table order,"seq":N} and a newline, appended to `out`.
void encode(const Message& message, std::uint64_t seq, std::string& out);

struct Decoded {
    Message message;
    std::uint64_t seq = 0;
    bool has_seq = false; ///< hand-written lines may leave it out
};

/// Keeps the parser's memory between lines. Not for use by two threads at once.
class Decoder {
  public:
    Decoder();
    ~Decoder();
    Decoder(Decoder&&) noexcept;
    Decoder& operator=(Decoder&&) noexcept;
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    /// `line` without its newline. What `to` held is replaced; when it was a message of the same
    /// type, its memory is used again. Errors: Data, naming the column (from 1), the member and
    /// what is allowed there; `to` is then of no use.
    Result<void> decode(std::string_view line, Decoded& to);

  private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

} // namespace nlb::contract
