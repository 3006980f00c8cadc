// SPDX-License-Identifier: Apache-2.0
#include "replay_session.hpp"

#include "capture/link.hpp"

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr std::uint64_t kSweepEvery = 65'536; ///< flows opened; the same on every engine
constexpr Nanos kKeepEnded = Nanos::seconds(60);

} // namespace

Result<bool> ReplaySession::take(const capture::Packet& packet) {
    const replay::PacketPlace place{packet.number, packet.time};
    if (!capture::is_known_link(packet.link_type)) return skip(place, "unknown-link-type");
    if (filter_) {
        if (auto ready = filter_->compile(packet.link_type); !ready)
            return tl::unexpected<Error>(ready.error());
        if (!filter_->matches(packet.bytes, packet.original_length)) {
            sink_.filtered();
            return false;
        }
    }
    if (!capture::to_ethernet(packet.link_type, packet.bytes, frame_))
        return skip(place, "short-link-header");
    if (auto done = decide(place); !done) return tl::unexpected<Error>(done.error());
    return true;
}

Result<bool> ReplaySession::skip(const replay::PacketPlace& place, std::string_view why) {
    ++skipped_;
    return sink_.skipped(place, why).map([] { return true; });
}

Result<void> ReplaySession::decide(const replay::PacketPlace& place) {
    auto changed = timeline_.advance(place.time);
    if (!changed) return tl::unexpected<Error>(changed.error());
    if (*changed) {
        if (auto set = engine_.set_tables(timeline_.tables()); !set) return set;
        sink_.set_tables(timeline_.tables());
    }
    auto decision = engine_.decide(frame_, place.time);
    if (!decision) return tl::unexpected<Error>(decision.error());
    if (auto told = sink_.decided(place, **decision, engine_.questions(), frame_); !told)
        return told;
    if ((*decision)->verdict.reason != NLB_REASON_NEW_FLOW || ++opened_ % kSweepEvery != 0)
        return {};
    return engine_.sweep(place.time, kKeepEnded);
}
