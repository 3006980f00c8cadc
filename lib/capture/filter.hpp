// SPDX-License-Identifier: Apache-2.0
// Capture filters in the language of pcap-filter(7), as tcpdump takes them. libpcap compiles them;
// names of hosts and ports are looked up where it looks them up.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

namespace nlb::capture {

class Filter {
  public:
    explicit Filter(std::string expression);
    ~Filter();
    Filter(Filter&&) noexcept;
    Filter& operator=(Filter&&) noexcept;
    Filter(const Filter&) = delete;
    Filter& operator=(const Filter&) = delete;

    /// Makes matches() ready for packets of `link_type`. Errors: Usage, with libpcap's words.
    Result<void> compile(std::uint16_t link_type);

    /// Whether a packet of the link type compiled last matches; `bytes` may be fewer than the
    /// `original_length` on the wire.
    [[nodiscard]] bool matches(std::span<const std::uint8_t> bytes,
                               std::uint32_t original_length) const;

  private:
    struct Program;

    std::string expression_;
    std::map<std::uint16_t, std::unique_ptr<Program>> programs_; ///< by link type
    const Program* current_ = nullptr;
    std::uint16_t current_link_ = 0;
};

} // namespace nlb::capture
