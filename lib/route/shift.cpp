// SPDX-License-Identifier: Apache-2.0
#include "route/shift.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace nlb::route {

namespace {

Result<const model::LoadBalancer*> find_balancer(const model::Configuration& configuration,
                                                 std::string_view name) {
    for (const model::LoadBalancer& one : configuration.load_balancers) {
        if (one.name.value == name || one.id.value == name) return &one;
    }
    return fail(Errc::Usage, "no load balancer is called " + in_quotes(name));
}

const ZonalShift* active_of(const std::vector<ZonalShift>& active,
                            const model::LoadBalancerId& load_balancer) {
    const auto found = std::find_if(active.begin(), active.end(), [&](const ZonalShift& one) {
        return one.load_balancer == load_balancer;
    });
    return found == active.end() ? nullptr : &*found;
}

Result<WallTime> expiry_of(std::uint64_t seconds, WallTime now) {
    if (seconds < kShortestShiftSeconds || seconds > kLongestShiftSeconds) {
        return fail(Errc::Usage, "a zonal shift lasts from 1 minute to 72 hours");
    }
    return now.after_seconds(static_cast<std::int64_t>(seconds));
}

Result<void> check_comment(const std::string& comment) {
    const bool printable = std::all_of(comment.begin(), comment.end(), [](char c) {
        return static_cast<unsigned char>(c) >= ' ' && c != '\x7F';
    });
    if (comment.empty() || comment.size() > kLongestShiftComment || !printable) {
        return fail(Errc::Usage, "a zonal shift has a comment of 1 to 128 printable characters");
    }
    return {};
}

} // namespace

std::string shift_objection(const model::Configuration& configuration, const ZonalShift& shift) {
    const auto balancer = find_balancer(configuration, shift.load_balancer.value);
    if (!balancer) return balancer.error().text();
    const auto& zones = (*balancer)->zones;
    if (std::none_of(zones.begin(), zones.end(),
                     [&](const model::Zone& zone) { return zone.name == shift.zone; })) {
        return "load balancer " + in_quotes((*balancer)->name.value) + " has no zone " +
               in_quotes(shift.zone.value);
    }
    if (zones.size() < 2) {
        return "load balancer " + in_quotes((*balancer)->name.value) +
               " has no other zone to shift to";
    }
    for (const GroupUse& use : groups_in_use(configuration)) {
        if (use.load_balancer != *balancer || !crosses_zones(use)) continue;
        return "cross-zone load balancing is on for target group " +
               in_quotes(use.group->name.value) + ": no zonal shift";
    }
    return {};
}

Result<ZonalShift> start_shift(const model::Configuration& configuration,
                               const std::vector<ZonalShift>& active, const ShiftRequest& request,
                               WallTime now) {
    const auto balancer = find_balancer(configuration, request.load_balancer);
    if (!balancer) return tl::unexpected<Error>(balancer.error());
    ZonalShift shift{(*balancer)->id, model::ZoneName{request.zone}, now, now,
                     request.comment.value_or("")};
    if (const auto why = shift_objection(configuration, shift); !why.empty()) {
        return fail(Errc::Usage, why);
    }
    if (const ZonalShift* other = active_of(active, shift.load_balancer)) {
        return fail(Errc::Usage, "zone " + in_quotes(other->zone.value) +
                                     " is shifted away from already: update or cancel that shift");
    }
    if (auto sound = check_comment(shift.comment); !sound)
        return tl::unexpected<Error>(sound.error());
    const auto expiry = expiry_of(request.expires_in_seconds.value_or(0), now);
    if (!expiry) return tl::unexpected<Error>(expiry.error());
    shift.expiry = *expiry;
    return shift;
}

Result<ZonalShift> update_shift(const model::Configuration& configuration,
                                const std::vector<ZonalShift>& active, const ShiftRequest& request,
                                WallTime now) {
    auto shift = find_shift(configuration, active, request.load_balancer);
    if (!shift) return shift;
    if (!request.expires_in_seconds && !request.comment) {
        return fail(Errc::Usage, "nothing to update: give another expiry or comment");
    }
    if (request.comment) {
        if (auto sound = check_comment(*request.comment); !sound)
            return tl::unexpected<Error>(sound.error());
        shift->comment = *request.comment;
    }
    if (request.expires_in_seconds) {
        const auto expiry = expiry_of(*request.expires_in_seconds, now);
        if (!expiry) return tl::unexpected<Error>(expiry.error());
        shift->expiry = *expiry;
    }
    return shift;
}

Result<ZonalShift> find_shift(const model::Configuration& configuration,
                              const std::vector<ZonalShift>& active,
                              std::string_view load_balancer) {
    const auto balancer = find_balancer(configuration, load_balancer);
    if (!balancer) return tl::unexpected<Error>(balancer.error());
    if (const ZonalShift* shift = active_of(active, (*balancer)->id)) return *shift;
    return fail(Errc::Usage, "no zonal shift of load balancer " +
                                 in_quotes((*balancer)->name.value) + " is active");
}

} // namespace nlb::route
