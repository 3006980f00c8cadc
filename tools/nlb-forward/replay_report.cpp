// SPDX-License-Identifier: Apache-2.0
#include "replay_report.hpp"

#include "app/table.hpp"

#include "base/text.hpp"
#include "contract/codec.hpp"

#include <algorithm>
#include <cstring>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

std::string_view text_of(const std::vector<std::uint8_t>& bytes, std::size_t from,
                         std::size_t length) {
    return {reinterpret_cast<const char*>(bytes.data()) + from, length};
}

std::string table_of(const replay::Summary& summary) {
    app::Table table({"KIND", "NAME", "PACKETS", "FLOWS", "CLIENT-BYTES", "TARGET-BYTES"});
    for (auto& row : summary.rows())
        table.add(std::move(row));
    return table.text(app::stdout_is_terminal());
}

} // namespace

Result<std::optional<std::string_view>> LineReader::next() {
    std::size_t searched = begin_;
    while (true) {
        const void* newline = std::memchr(buffer_.data() + searched, '\n', end_ - searched);
        if (newline != nullptr) {
            const std::size_t at = begin_;
            begin_ = static_cast<std::size_t>(static_cast<const std::uint8_t*>(newline) -
                                              buffer_.data()) +
                     1;
            return text_of(buffer_, at, begin_ - 1 - at);
        }
        if (end_ - begin_ > contract::kLongestLine)
            return fail(Errc::Data, "a line of more than 65536 bytes");
        if (ended_) {
            const std::size_t at = std::exchange(begin_, end_);
            if (at == end_) return std::nullopt;
            return text_of(buffer_, at, end_ - at);
        }
        std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                  buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
        end_ -= begin_;
        begin_ = 0;
        searched = end_;
        auto n = source_(std::span(buffer_).subspan(end_));
        if (!n) return tl::unexpected<Error>(n.error());
        ended_ = *n == 0;
        end_ += *n;
    }
}

Result<std::unique_ptr<ReplayReport>>
ReplayReport::open(const ReplayOptions& options, const flow::Tables& tables, ReplayOutput& output) {
    const Kind kind = options.summary               ? Kind::Summary
                      : !options.difference.empty() ? Kind::Difference
                      : output.has_lines()          ? Kind::Lines
                                                    : Kind::None;
    std::unique_ptr<ReplayReport> report(new ReplayReport(kind, tables, output));
    report->json_ = options.json;
    if (kind == Kind::Summary) report->summary_.emplace(tables);
    if (kind != Kind::Difference) return report;
    auto source = io::open_source(options.difference);
    if (!source) return tl::unexpected<Error>(source.error());
    report->earlier_.emplace(std::move(*source));
    report->earlier_name_ = "--diff " + in_quotes(options.difference);
    report->difference_.emplace();
    return report;
}

void ReplayReport::set_tables(const flow::Tables& tables) {
    text_.set_tables(tables);
    if (summary_) summary_->set_tables(tables);
}

Result<void> ReplayReport::decided(const replay::PacketPlace& place, const flow::Decision& decision,
                                   std::span<const flow::Asked> questions,
                                   std::span<const std::uint8_t> frame) {
    const std::uint8_t action = decision.verdict.action;
    if (summary_) summary_->decided(decision);
    capture::Writer* frames = output_->frames();
    if (frames != nullptr && action != NLB_PASS && action != NLB_DROP) {
        scratch_.clear();
        if (frames->format() == capture::WriterFormat::Pcapng)
            text_.append_comment(place, decision, scratch_);
        frames->put(place.time, frame, scratch_);
    }
    if (kind_ == Kind::Lines) text_.append_line(place, decision, questions, output_->lines());
    if (kind_ == Kind::Difference) {
        scratch_.clear();
        text_.append_line(place, decision, {}, scratch_);
        if (auto done = compare(scratch_); !done) return done;
    }
    return output_->flush_some();
}

Result<void> ReplayReport::skipped(const replay::PacketPlace& place, std::string_view why) {
    if (summary_) summary_->skipped();
    if (kind_ == Kind::Lines) replay::VerdictText::append_skipped(place, why, output_->lines());
    if (kind_ == Kind::Difference) {
        scratch_.clear();
        replay::VerdictText::append_skipped(place, why, scratch_);
        if (auto done = compare(scratch_); !done) return done;
    }
    return output_->flush_some();
}

void ReplayReport::filtered() {
    if (summary_) summary_->filtered();
}

Result<void> ReplayReport::compare(std::string_view line) {
    auto earlier = earlier_->next();
    if (!earlier) return forward(earlier.error(), earlier_name_);
    if (!*earlier) return fail(Errc::Data, earlier_name_ + ": ends before the capture does");
    line.remove_suffix(1);
    auto taken = difference_->take(**earlier, line, output_->lines());
    if (!taken) return forward(taken.error(), earlier_name_);
    return {};
}

void ReplayReport::sum_up() {
    if (summary_) output_->lines() += json_ ? summary_->json() : table_of(*summary_);
}

Result<void> ReplayReport::end_comparison(bool whole) {
    if (!difference_) return {};
    auto more = whole ? earlier_->next() : Result<std::optional<std::string_view>>(std::nullopt);
    if (!more) return forward(more.error(), earlier_name_);
    if (*more) return fail(Errc::Data, earlier_name_ + ": goes on after the end of the capture");
    difference_->append_summary(output_->lines());
    return {};
}
