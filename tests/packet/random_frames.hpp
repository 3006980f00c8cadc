// SPDX-License-Identifier: Apache-2.0
// Frames for the parity test: mostly well-formed ones of a few clients, so that flows come to life
// and are met again; answers of targets and ICMP errors made from what was decided before;
// fragments, extension headers, tags; then damage.
#pragma once

#include "support/packet_builder.hpp"

#include "flow/user_engine.hpp"

#include <random>

namespace nlb::test {

class RandomFrames {
  public:
    explicit RandomFrames(std::uint64_t seed) : random_(seed) {}

    /// Otherwise now and then so much time goes by that flows expire.
    void hurry() { hurries_ = true; }

    Frame next();

    /// The SYN of client `number` to the listener with one target.
    static Frame opening(std::uint32_t number);

    [[nodiscard]] Nanos now() const { return now_; }

    /// Targets answer what was forwarded to them, and routers complain about it.
    void learn(const flow::Decision& decision);

  private:
    struct Learned {
        nlb_tuple key;     ///< of the client's packets as they come
        nlb_tuple becomes; ///< and as they leave
    };

    std::uint64_t below(std::uint64_t n) { return random_() % n; }

    bool chance(std::uint64_t one_in) { return below(one_in) == 0; }

    std::uint32_t number() { return static_cast<std::uint32_t>(random_()); }

    std::string some_flags();
    std::string some_text();

    const Learned& some_learned() { return learned_[below(learned_.size())]; }

    PacketBuilder request();
    PacketBuilder with_ends(const nlb_tuple& ends, bool swapped);
    PacketBuilder error();
    PacketBuilder other_icmp();
    void decorate(PacketBuilder& builder);
    void decorate4(PacketBuilder& builder);
    void decorate6(PacketBuilder& builder);
    void damage(Frame& frame);
    Frame noise();

    std::mt19937_64 random_;
    Nanos now_ = Nanos::seconds(1'700'000'000);
    bool hurries_ = false;
    std::vector<Learned> learned_;
};

} // namespace nlb::test
