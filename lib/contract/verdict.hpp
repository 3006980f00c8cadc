// SPDX-License-Identifier: Apache-2.0
// Reads back the verdict lines of `nlb-forward replay`, whose members are in nlb-forward(8). They
// are a report for people and programs, not a message between tools: no "type", no "seq".
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace nlb::contract {

struct VerdictLine {
    struct End {
        std::string address;
        std::optional<std::uint64_t> port;
        bool operator==(const End&) const = default;
    };

    struct Ends {
        std::optional<std::uint64_t> protocol;
        End source;
        End destination;
        bool operator==(const Ends&) const = default;
    };

    std::uint64_t packet = 0;
    std::uint64_t time_ns = 0;
    std::string verdict;
    std::string reason;
    Ends ends; ///< empty: the packet's addresses could not be read
    std::string listener;
    std::string target;
    End new_destination; ///< of forwarded packets
};

/// Keeps the parser's memory between lines. Not for use by two threads at once.
class VerdictReader {
  public:
    VerdictReader();
    ~VerdictReader();
    VerdictReader(VerdictReader&&) noexcept;
    VerdictReader& operator=(VerdictReader&&) noexcept;
    VerdictReader(const VerdictReader&) = delete;
    VerdictReader& operator=(const VerdictReader&) = delete;

    /// `line` without its newline, at most kLongestLine bytes. Errors: Data, with the member and
    /// what is allowed there.
    Result<VerdictLine> read(std::string_view line);

  private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

} // namespace nlb::contract
