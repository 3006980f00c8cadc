// SPDX-License-Identifier: Apache-2.0
#include "control.hpp"

#include "describe.hpp"

#include "io/clock.hpp"

#include "route/shift.hpp"
#include "route/state_lines.hpp"

#include "base/text.hpp"
#include "model/rules.hpp"

namespace nlb::policy {

void Control::answer(const contract::Request& request, contract::StreamWriter& out) {
    const auto done = carry_out(request, out);
    if (done)
        out.put(contract::Answer{true, std::nullopt});
    else
        out.put(contract::Answer{false, done.error().text()});
}

Result<void> Control::carry_out(const contract::Request& request, contract::StreamWriter& out) {
    if (request.what == "status") {
        status(out);
        return {};
    }
    if (request.what == "zonal-shift-list") {
        put_shifts(out);
        return {};
    }
    if (request.what == "zonal-shift-start" || request.what == "zonal-shift-update")
        return shift(request, out);
    if (request.what == "zonal-shift-cancel") return cancel(request, out);
    return fail(Errc::Usage, "nobody knows the request " + in_quotes(request.what));
}

void Control::status(contract::StreamWriter& out) const {
    for (const contract::Message& line : peers_())
        out.put(line);
    put_shifts(out);
    put_dns(out);
    for (const model::TargetGroupId& scope : publisher_.scopes()) {
        const contract::Set health = merger_.health_set(scope);
        append_set(health, out);
        put_votes(health, out);
    }
    for (const model::Violation& found : model::check(publisher_.configuration()).warnings)
        out.put(contract::Advice{found.path.text(), found.allowed});
    for (const contract::Set& set : publisher_.target_sets(publisher_.everything()))
        append_set(set, out);
    for (const contract::Set& set : publisher_.route_sets(publisher_.everything()))
        append_set(set, out);
}

void Control::put_votes(const contract::Set& health, contract::StreamWriter& out) const {
    for (const contract::Message& message : health.lines) {
        const auto& line = std::get<contract::TargetHealth>(message);
        for (const auto& ballot : merger_.consensus().ballots(line.group, line.target)) {
            contract::Vote vote{.group = line.group,
                                .target = line.target,
                                .voter = ballot.voter,
                                .state = ballot.state,
                                .description = std::nullopt,
                                .silent = ballot.is_silent};
            if (!ballot.description.empty()) vote.description = ballot.description;
            out.put(vote);
        }
    }
}

void Control::put_dns(contract::StreamWriter& out) const {
    const route::RouteSet set = publisher_.routes();
    for (const model::LoadBalancer& balancer : publisher_.configuration().load_balancers) {
        std::set<model::ZoneName> answered;
        for (const model::Zone* zone : route::zones_in_dns(set, balancer))
            answered.insert(zone->name);
        for (const model::Zone& zone : balancer.zones) {
            out.put(contract::DnsZone{balancer.id, zone.name.value, zone.address,
                                      answered.contains(zone.name)});
        }
    }
}

void Control::put_shifts(contract::StreamWriter& out) const {
    for (const route::ZonalShift& shift : publisher_.running().shifts)
        out.put(route::shift_line(shift));
}

Result<void> Control::shift(const contract::Request& request, contract::StreamWriter& out) {
    const route::ShiftRequest wanted{request.load_balancer.value_or(""), request.zone.value_or(""),
                                     request.expires_in_seconds, request.comment};
    const WallTime now{io::unix_ms()};
    const auto& active = publisher_.running().shifts;
    auto shift = request.what == "zonal-shift-start"
                     ? route::start_shift(publisher_.configuration(), active, wanted, now)
                     : route::update_shift(publisher_.configuration(), active, wanted, now);
    if (!shift) return tl::unexpected<Error>(shift.error());
    context_.log.notice("zonal shift: " + describe(*shift));
    out.put(route::shift_line(*shift));
    publisher_.shift(std::move(*shift));
    return {};
}

Result<void> Control::cancel(const contract::Request& request, contract::StreamWriter& out) {
    const auto shift = route::find_shift(publisher_.configuration(), publisher_.running().shifts,
                                         request.load_balancer.value_or(""));
    if (!shift) return tl::unexpected<Error>(shift.error());
    context_.log.notice("zonal shift cancelled: " + describe(*shift));
    out.put(route::shift_line(*shift));
    publisher_.cancel_shift(shift->load_balancer);
    return {};
}

} // namespace nlb::policy
