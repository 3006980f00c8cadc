// SPDX-License-Identifier: Apache-2.0
// What is told of each packet of a replay: verdict lines, totals, or differences from an earlier
// replay; and frames.
#pragma once

#include "replay/difference.hpp"
#include "replay/summary.hpp"
#include "replay/verdict_text.hpp"
#include "replay_options.hpp"
#include "replay_output.hpp"
#include "replay_sink.hpp"

#include "io/source.hpp"

#include "base/result.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The lines of a file, one at a time; memory is bounded by the longest line allowed.
class LineReader {
  public:
    explicit LineReader(nlb::compress::ByteSource source)
        : source_(std::move(source)), buffer_(kBuffer) {}

    /// The next line without its newline, valid until the next call; nothing at the end.
    /// Errors: Data when it is too long; those of the source.
    nlb::Result<std::optional<std::string_view>> next();

  private:
    static constexpr std::size_t kBuffer = std::size_t{256} * 1024;

    nlb::compress::ByteSource source_;
    std::vector<std::uint8_t> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool ended_ = false;
};

class ReplayReport final : public ReplaySink {
  public:
    /// `output` must outlive it. Errors: System, when the earlier lines cannot be opened.
    static nlb::Result<std::unique_ptr<ReplayReport>>
    open(const ReplayOptions& options, const nlb::flow::Tables& tables, ReplayOutput& output);

    void set_tables(const nlb::flow::Tables& tables) override;
    nlb::Result<void> decided(const nlb::replay::PacketPlace& place,
                              const nlb::flow::Decision& decision,
                              std::span<const nlb::flow::Asked> questions,
                              std::span<const std::uint8_t> frame) override;
    nlb::Result<void> skipped(const nlb::replay::PacketPlace& place, std::string_view why) override;
    void filtered() override;

    /// After the last packet: the totals, where they are wanted.
    void sum_up();

    /// After the last packet: the totals of a comparison. `whole`: the capture was read to its end,
    /// so the earlier lines must have ended, too. Errors: Data, when they have not.
    nlb::Result<void> end_comparison(bool whole);

    [[nodiscard]] bool compares() const { return difference_.has_value(); }

    /// Something differs from the earlier lines.
    [[nodiscard]] bool found_difference() const { return difference_ && difference_->any(); }

  private:
    enum class Kind { Lines, Summary, Difference, None };

    ReplayReport(Kind kind, const nlb::flow::Tables& tables, ReplayOutput& output)
        : kind_(kind), output_(&output), text_(tables) {}

    nlb::Result<void> compare(std::string_view line);

    Kind kind_;
    bool json_ = false;
    ReplayOutput* output_;
    nlb::replay::VerdictText text_;
    std::optional<nlb::replay::Summary> summary_;
    std::optional<nlb::replay::Difference> difference_;
    std::optional<LineReader> earlier_;
    std::string earlier_name_;
    std::string scratch_;
};
