// SPDX-License-Identifier: Apache-2.0
#include "route/state_lines.hpp"

#include <algorithm>

namespace nlb::route {

namespace {

std::uint64_t ms(WallTime time) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(time.unix_ms, 0));
}

/// Far enough away for any delay, and far from overflow.
WallTime time_of(std::uint64_t unix_ms) {
    constexpr std::uint64_t kLatest = std::uint64_t{1} << 53U;
    return {static_cast<std::int64_t>(std::min(unix_ms, kLatest))};
}

contract::Deregistration line_of(const model::TargetGroupId& group, const Deregistration& gone) {
    contract::Deregistration line{.group = group,
                                  .target = gone.target.key(),
                                  .address = gone.target.address,
                                  .port = gone.target.port,
                                  .zone = std::nullopt,
                                  .until_ms = ms(gone.until),
                                  .terminates = gone.terminates};
    if (!gone.target.all_zones) line.zone = gone.target.zone.value;
    return line;
}

Deregistration deregistration_of(const contract::Deregistration& line) {
    Deregistration gone;
    gone.target.port = static_cast<std::uint16_t>(line.port);
    gone.target.id = line.target.value.substr(0, line.target.value.rfind(':'));
    gone.target.address = line.address;
    gone.target.all_zones = !line.zone;
    gone.target.zone = model::ZoneName{line.zone.value_or("")};
    gone.until = time_of(line.until_ms);
    gone.terminates = line.terminates;
    return gone;
}

} // namespace

contract::ZonalShift shift_line(const ZonalShift& shift) {
    return {.load_balancer = shift.load_balancer,
            .zone = shift.zone.value,
            .start_ms = ms(shift.start),
            .expiry_ms = ms(shift.expiry),
            .comment = shift.comment};
}

std::vector<contract::Message> state_lines(const RunningState& state) {
    std::vector<contract::Message> lines;
    for (const ZonalShift& shift : state.shifts)
        lines.emplace_back(shift_line(shift));
    for (const auto& [group, list] : state.deregistered) {
        for (const Deregistration& gone : list)
            lines.emplace_back(line_of(group, gone));
    }
    return lines;
}

void take_state_line(const contract::Message& line, RunningState& state) {
    if (const auto* shift = std::get_if<contract::ZonalShift>(&line)) {
        state.shifts.push_back({shift->load_balancer, model::ZoneName{shift->zone},
                                time_of(shift->start_ms), time_of(shift->expiry_ms),
                                shift->comment});
    } else if (const auto* gone = std::get_if<contract::Deregistration>(&line)) {
        if (gone->port != 0 && gone->port <= 65535)
            state.deregistered[gone->group].push_back(deregistration_of(*gone));
    }
}

} // namespace nlb::route
