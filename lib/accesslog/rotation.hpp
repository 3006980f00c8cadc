// SPDX-License-Identifier: Apache-2.0
// Which file an entry goes to and when files end, on the caller's time. An entry belongs to the
// five minutes in which its connection ended; a file takes entries until the clock passes a full
// five minutes, so what arrives late gets a further file of the same interval. [p.80]
#pragma once

#include "accesslog/file_name.hpp"

#include <map>
#include <string>
#include <vector>

namespace nlb::accesslog {

class Rotation {
  public:
    struct Limits {
        std::uint64_t most_bytes = 64U << 20; ///< of one file; then another one begins
        std::size_t most_open = 64;           ///< files; beyond, the oldest ends
        /// Files of an interval wait so long after its end for entries that are on their way.
        std::int64_t lateness_ms = 1000;
    };

    struct File {
        std::uint64_t number = 0; ///< never the same again
        LogKind kind = LogKind::Access;
        std::string load_balancer;
        WallTime end; ///< of its interval
    };

    explicit Rotation(Limits limits) : limits_(limits) {}

    /// The file for `bytes` of a connection of `load_balancer` that ended at `time`. It is new when
    /// its number is one higher than any before. Valid until the next call.
    const File& feed(LogKind kind, std::string_view load_balancer, WallTime time,
                     std::uint64_t bytes, WallTime now);

    void tick(WallTime now);

    void end_all();

    /// The numbers of the files that have ended since the last call.
    std::vector<std::uint64_t> drain();

    /// When tick() is wanted; never() without an open file. Kept on the calendar's clock.
    [[nodiscard]] WallTime deadline() const;

  private:
    struct Key {
        std::int64_t end_ms = 0;
        LogKind kind = LogKind::Access;
        std::string load_balancer;
        auto operator<=>(const Key&) const = default;
    };

    struct Open {
        File file;
        WallTime closes;
        std::uint64_t bytes = 0;
    };

    using Files = std::map<Key, Open>;

    Open& find(LogKind kind, std::string_view load_balancer, WallTime end, WallTime now);
    void end_file(Files::iterator file);
    [[nodiscard]] bool is_last(LogKind kind, std::string_view load_balancer, WallTime end) const;

    Limits limits_;
    Files files_;
    Open* last_ = nullptr; // of the last entry: nearly always that of the next one
    std::vector<std::uint64_t> ended_;
    std::uint64_t next_number_ = 1;
};

} // namespace nlb::accesslog
