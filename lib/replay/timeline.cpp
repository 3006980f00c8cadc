// SPDX-License-Identifier: Apache-2.0
#include "replay/timeline.hpp"

#include "tables/build.hpp"

#include "base/text.hpp"
#include "model/changes.hpp"

namespace nlb::replay {

namespace {

constexpr std::uint64_t kComplaintsTold = 20; ///< of a binary file; the rest is counted

Result<void> check_configurations(const std::vector<ConfigurationFrom>& configurations,
                                  const std::string& zone) {
    const model::Configuration* before = nullptr;
    for (const auto& [from, name, configuration] : configurations) {
        if (!zone.empty() && !configuration.has_zone(model::ZoneName{zone}))
            return fail(Errc::Usage, "--zone " + in_quotes(zone) + ": no load balancer of " +
                                         in_quotes(name) + " has this zone");
        const auto forbidden = before == nullptr ? std::vector<std::string>{}
                                                 : model::forbidden_changes(*before, configuration);
        if (!forbidden.empty())
            return fail(Errc::Usage,
                        in_quotes(name) +
                            " may not replace the configuration before it: " + forbidden.front());
        before = &configuration;
    }
    return {};
}

WallTime wall(Nanos moment) {
    return {moment.ns / 1'000'000};
}

Nanos moment(WallTime wall) {
    return wall.is_never() ? Nanos::never() : Nanos::milliseconds(wall.unix_ms);
}

} // namespace

Timeline::Timeline(std::vector<ConfigurationFrom> configurations, std::string_view lines,
                   tables::Node node)
    : configurations_(std::move(configurations)), rest_(lines), node_(std::move(node)),
      publisher_(std::make_unique<route::Publisher>(configurations_.front().configuration)) {
}

Result<Timeline> Timeline::make(std::vector<ConfigurationFrom> configurations,
                                std::string_view lines, tables::Node node, const Warn& warn) {
    if (auto sound = check_configurations(configurations, node.zone); !sound)
        return tl::unexpected(sound.error());
    Timeline trial(configurations, lines, node);
    trial.take_until(Nanos::never(), warn);
    if (trial.bad() > 0)
        return fail(Errc::Data, std::to_string(trial.bad()) + " lines or sets could not be used");
    Timeline timeline(std::move(configurations), lines, std::move(node));
    if (auto first = timeline.advance_far(Nanos{}); !first) return tl::unexpected(first.error());
    return timeline;
}

Result<bool> Timeline::advance_far(Nanos now) {
    const bool changed = take_until(now, {});
    if (!changed && tables_) return false;
    if (auto built = build(); !built) return tl::unexpected(built.error());
    return true;
}

/// Whether anything changed that packets could notice.
bool Timeline::take_until(Nanos now, const Warn& warn) {
    bool changed = false;
    while (next_ <= now) {
        // Of one moment the configuration comes first: health may speak of its targets.
        while (next_configuration_ < configurations_.size() &&
               configurations_[next_configuration_].from <= next_) {
            publisher_->reload(configurations_[next_configuration_++].configuration, wall(next_));
            changed = true;
        }
        if (lines_from_ <= next_) take_lines(next_, warn);
        publisher_->tick(wall(next_));
        changed = !publisher_->publish(wall(next_)).route_sets.empty() || changed;
        next_ = std::min(lines_from_, moment(publisher_->deadline()));
        if (next_configuration_ < configurations_.size())
            next_ = std::min(next_, configurations_[next_configuration_].from);
        if (next_.is_never()) break;
    }
    return changed;
}

/// Lines up to the first one that is later than `now`.
void Timeline::take_lines(Nanos now, const Warn& warn) {
    while (lines_from_ <= now) {
        const bool at_end = rest_.empty();
        const std::size_t newline = rest_.find('\n');
        const std::string_view line =
            rest_.substr(0, newline == rest_.npos ? newline : newline + 1);
        rest_.remove_prefix(line.size());
        for (const contract::Event& event : at_end ? reader_.finish() : reader_.feed(line))
            take_event(event, warn);
        if (at_end) lines_from_ = Nanos::never();
    }
}

void Timeline::take_event(const contract::Event& event, const Warn& warn) {
    const auto* message = std::get_if<contract::Message>(&event.what);
    const auto* time = message == nullptr ? nullptr : std::get_if<contract::Time>(message);
    const auto tell = [&](const std::string& what) {
        if (warn && bad() <= kComplaintsTold) warn(what);
    };
    if (time == nullptr) {
        const auto taken = intake_.take(event, *publisher_);
        if (!taken.warning.empty()) tell(taken.warning);
        return;
    }
    const Nanos from{static_cast<std::int64_t>(
        std::min<std::uint64_t>(time->time_ns, static_cast<std::uint64_t>(Nanos::never().ns) - 1))};
    if (from >= lines_from_) {
        lines_from_ = from;
        return;
    }
    ++bad_times_;
    tell("line " + std::to_string(reader_.lines()) +
         ": time_ns is earlier than in the line before");
}

Result<void> Timeline::build() {
    std::vector<contract::Message> lines;
    for (contract::Set& set : publisher_->route_sets(publisher_->everything()))
        std::move(set.lines.begin(), set.lines.end(), std::back_inserter(lines));
    auto built = tables::build(lines, node_, tables_.get());
    if (!built) return tl::unexpected(built.error());
    before_ = std::move(tables_);
    tables_ = std::make_unique<const flow::Tables>(std::move(*built));
    return {};
}

} // namespace nlb::replay
