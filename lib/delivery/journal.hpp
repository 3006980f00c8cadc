// SPDX-License-Identifier: Apache-2.0
// Takes entries and flows and keeps them in the spool: one segment per log file, ended by the
// rotation. An entry is kept once flush() has returned, whatever happens to the process; with a
// sync(), whatever happens to the machine.
#pragma once

#include "delivery/segment.hpp"
#include "delivery/spool.hpp"

#include "accesslog/entry_line.hpp"
#include "accesslog/rotation.hpp"
#include "accesslog/vpc_flow_log.hpp"

#include "contract/messages.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nlb::delivery {

class Journal {
  public:
    struct Options {
        std::string folder; ///< the spool
        std::string account;
        std::string region;
        accesslog::Form form = accesslog::Form::Current;
        accesslog::Rotation::Limits rotation{};
        accesslog::TrafficType flows = accesslog::TrafficType::None;
    };

    /// Where the log of a load balancer goes; nothing while its logging is off.
    using Where = std::function<std::optional<Place>(std::string_view load_balancer)>;

    enum class Taken : std::uint8_t { Held, Off, Refused };

    Journal(Options options, Where where);

    /// A finished line without its newline; every byte of it is kept.
    Taken take_line(std::string_view line, WallTime now);
    Taken take(const contract::TlsConnection& connection, WallTime now);

    /// Off also when no records of such a flow are wanted.
    Taken take(const contract::Flow& flow, WallTime now);

    /// Why the last line was refused.
    [[nodiscard]] std::string_view why() const { return why_; }

    /// Writes everything that is held. Errors: System; what could not be written is held on, and a
    /// further flush() tries it again.
    Result<void> flush();

    /// Errors: System.
    Result<void> sync();

    /// Ends files by the clock; see deadline().
    void tick(WallTime now);

    [[nodiscard]] WallTime deadline() const { return rotation_.deadline(); }

    /// Ends every file; the next entries ask `where` anew.
    void end_all();

    /// Segments that have ended and are written, since the last call: they may be delivered.
    std::vector<StoredSegment> drain();

    /// Of the segments that have not been drained, held bytes included.
    [[nodiscard]] std::uint64_t bytes() const;

  private:
    SegmentWriter& writer_for(accesslog::LogKind kind, std::string_view load_balancer,
                              WallTime time, std::size_t bytes, WallTime now);
    Taken put(accesslog::LogKind kind, std::string_view load_balancer, WallTime time,
              std::string_view lines, WallTime now);
    Taken refuse(std::string_view why);
    void look_up(std::string_view load_balancer);
    void collect_ended();

    Options options_;
    Where where_;
    accesslog::Rotation rotation_;
    accesslog::EntryWriter entry_writer_;
    std::map<std::uint64_t, SegmentWriter> writers_; // by the number of the rotation's file
    SegmentWriter* last_writer_ = nullptr;
    std::uint64_t last_number_ = 0;
    std::vector<SegmentWriter> ended_;
    std::string known_load_balancer_; // whose place this is
    std::optional<Place> place_;
    std::string line_;
    std::string_view why_;
};

} // namespace nlb::delivery
