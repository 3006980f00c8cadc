// SPDX-License-Identifier: Apache-2.0
// Whose flows packets belong to. A flow outlives the tables it was opened with and remembers
// indexes of them, which later tables give to others; addresses tell them apart.
#pragma once

#include "flow/user_engine.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace nlb::replay {

/// Nothing decided where the packet goes.
constexpr std::size_t kNobody = SIZE_MAX;

class Names {
  public:
    struct Listener {
        model::LoadBalancerId load_balancer;
        model::ListenerId id;
        auto operator<=>(const Listener&) const = default;
    };

    struct Target {
        model::TargetGroupId group;
        model::TargetId id;
        auto operator<=>(const Target&) const = default;
    };

    explicit Names(const flow::Tables& tables) { add(tables); }

    /// The tables that decide from now on; nothing of them is kept.
    void set_tables(const flow::Tables& tables) {
        add(tables);
        changed_ = true;
    }

    /// Every one ever seen, under a number that stays.
    [[nodiscard]] const std::vector<Listener>& listeners() const { return listeners_.names; }

    [[nodiscard]] const std::vector<Target>& targets() const { return targets_.names; }

    /// The number of the verdict's listener, or kNobody.
    [[nodiscard]] std::size_t listener(const flow::Decision& decision) const {
        return number(listeners_, decision.verdict.listener, decision, ListenerEnd);
    }

    /// The number of the verdict's target, or kNobody.
    [[nodiscard]] std::size_t target(const flow::Decision& decision) const {
        return number(targets_, decision.verdict.target, decision, TargetEnd);
    }

  private:
    /// Which end of a client's packet: the listener's before the rewriting, the target's after it.
    enum End { ListenerEnd, TargetEnd };

    struct Place {
        std::uint32_t index = 0;
        Endpoint endpoint;
        auto operator<=>(const Place&) const = default;
    };

    struct Numbers {
        std::vector<std::size_t> current;     ///< by index
        std::vector<Endpoint> endpoints;      ///< by index
        std::map<Place, std::size_t> earlier; ///< of these tables and those before

        /// For as many indexes, which may be fewer than before.
        void make_room(std::size_t indexes) {
            current.resize(indexes, kNobody);
            endpoints.resize(indexes);
        }
    };

    template <class Name>
    struct Known : Numbers {
        std::vector<Name> names;
        std::map<Name, std::size_t> numbers;

        void put(std::size_t index, Name name, const Endpoint& endpoint);
    };

    [[nodiscard]] std::size_t number(const Numbers& known, std::uint32_t index,
                                     const flow::Decision& decision, End end) const {
        if (index == NLB_NONE) return kNobody;
        return changed_ ? search(known, index, decision, end) : known.current[index];
    }

    [[nodiscard]] static std::size_t search(const Numbers& known, std::uint32_t index,
                                            const flow::Decision& decision, End end);

    void add(const flow::Tables& tables);

    Known<Listener> listeners_;
    Known<Target> targets_;
    bool changed_ = false; ///< there were other tables before
};

} // namespace nlb::replay
