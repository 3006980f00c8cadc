// SPDX-License-Identifier: Apache-2.0
// Frames for the parity test: mostly well-formed ones of a few clients, so that flows come to life
// and are met again, answers of targets made from what was decided before, then damage.
#pragma once

#include "support/packet_builder.hpp"

#include "flow/user_engine.hpp"

#include <random>

namespace nlb::test {

class RandomFrames {
  public:
    explicit RandomFrames(std::uint64_t seed) : random_(seed) {}

    Frame next() {
        now_ += Nanos{static_cast<std::int64_t>(below(1000) == 0 ? below(500'000'000'000)
                                                                 : below(2'000'000))};
        if (below(2000) == 0) now_ = now_ - Nanos::seconds(1); // captures run backwards
        if (below(50) == 0) return noise();
        PacketBuilder builder = below(3) == 0 && !answers_.empty() ? answer() : request();
        decorate(builder);
        Frame frame = builder.build();
        if (below(20) == 0) damage(frame);
        return frame;
    }

    [[nodiscard]] Nanos now() const { return now_; }

    /// Targets answer what was forwarded to them.
    void learn(const flow::Decision& decision) {
        if (decision.verdict.action != NLB_FORWARD) return;
        if (answers_.size() < 500)
            answers_.push_back(decision.verdict.becomes);
        else
            answers_[below(answers_.size())] = decision.verdict.becomes;
    }

  private:
    std::uint64_t below(std::uint64_t n) { return random_() % n; }

    std::uint32_t number() { return static_cast<std::uint32_t>(random_()); }

    std::string some_flags() {
        constexpr const char* usual[] = {"S", "S", "S", "A", "PA", "FA", "R", "RA", "SA", "", "SF"};
        return usual[below(std::size(usual))];
    }

    PacketBuilder request() {
        constexpr const char* destinations[] = {"198.51.100.1", "198.51.100.1", "198.51.100.1",
                                                "198.51.100.1", "10.0.0.5",     "203.0.113.9"};
        return PacketBuilder()
            .from("192.0.2." + std::to_string(1 + below(20)),
                  static_cast<std::uint16_t>(40'000 + below(40)))
            .to(destinations[below(std::size(destinations))],
                static_cast<std::uint16_t>(80 + below(6)))
            .flags(some_flags())
            .sequence(number())
            .acknowledgment(number());
    }

    PacketBuilder answer() {
        const nlb_tuple& key = answers_[below(answers_.size())];
        return PacketBuilder()
            .from(flow::address_of(key.destination_be, 4).text(),
                  nlb_ntoh16(key.destination_port_be))
            .to(flow::address_of(key.source_be, 4).text(), nlb_ntoh16(key.source_port_be))
            .flags(below(2) == 0 ? "A" : some_flags())
            .sequence(number())
            .acknowledgment(number());
    }

    void decorate(PacketBuilder& builder) {
        if (below(10) == 0) builder.ip_options(4 * below(11));
        if (below(5) == 0) builder.tcp_options(4 * below(11));
        if (below(10) == 0) builder.vlan(static_cast<std::uint16_t>(below(4096)));
        if (below(40) == 0) builder.vlan(static_cast<std::uint16_t>(below(4096)), 0x88a8);
        if (below(80) == 0) builder.vlan(1);
        if (below(30) == 0) builder.fragment(static_cast<std::uint16_t>(number()));
        if (below(60) == 0) builder.protocol(static_cast<std::uint8_t>(number()));
        if (below(60) == 0) builder.total_length(static_cast<std::uint16_t>(below(100)));
        if (below(100) == 0) builder.version_ihl(static_cast<std::uint8_t>(number()));
        if (below(60) == 0) builder.data_offset(static_cast<std::uint8_t>(below(16)));
        if (below(3) == 0) builder.payload(std::string(below(1400), 'x'));
        if (below(100) == 0) builder.payload(std::string(2000 + below(60'000), 'y'));
        if (below(30) == 0) builder.padded(60 + below(20));
        if (below(15) == 0) builder.cut(below(120));
    }

    void damage(Frame& frame) {
        for (std::uint64_t n = 1 + below(3); n > 0 && !frame.empty(); --n)
            frame[below(std::min<std::size_t>(frame.size(), 80))] =
                static_cast<std::uint8_t>(number());
    }

    Frame noise() {
        Frame frame(below(200));
        for (auto& byte : frame)
            byte = static_cast<std::uint8_t>(number());
        return frame;
    }

    std::mt19937_64 random_;
    Nanos now_ = Nanos::seconds(1'700'000'000);
    std::vector<nlb_tuple> answers_;
};

} // namespace nlb::test
