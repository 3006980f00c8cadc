// SPDX-License-Identifier: Apache-2.0
// What every file of rules works on; private to lib/model.
#pragma once

#include "model/rules.hpp"

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>

namespace nlb::model {

constexpr std::size_t kMostSubnets = 200; ///< of one VPC

class RuleContext {
  public:
    explicit RuleContext(const Configuration& configuration);

    const Configuration& configuration;
    Findings findings;

    void error(Path path, std::string allowed, std::vector<Path> also = {});
    void warning(Path path, std::string allowed, std::vector<Path> also = {});

    static Path balancer(std::size_t index) { return Path() / "load_balancers" / index; }

    static Path group(std::size_t index) { return Path() / "target_groups" / index; }

    /// Index of the first group of that name.
    [[nodiscard]] std::optional<std::size_t> group_index(const TargetGroupName& name) const;

    /// Indexes of the balancers whose listeners forward to the group.
    [[nodiscard]] const std::set<std::size_t>& users(std::size_t group) const;

    /// Indexes of the groups that the balancer's listeners forward to.
    [[nodiscard]] std::set<std::size_t> groups_of(const LoadBalancer& balancer) const;

    [[nodiscard]] bool in_vpc(const IpAddress& address) const;

    /// True for the one balancer a group belongs to; the first, when several claim it.
    [[nodiscard]] bool owns(std::size_t balancer, std::size_t group) const;

    /// "; did you mean 'x'?" or nothing. Work is bounded: no guesses once errors abound.
    [[nodiscard]] std::string guess(std::string_view word,
                                    std::span<const std::string_view> known) const;

    template <class Map>
    [[nodiscard]] std::string guess_key(std::string_view word, const Map& map) const {
        constexpr std::size_t kMostKeys = 1000;
        std::vector<std::string_view> keys;
        for (const auto& [key, value] : map) {
            if (is_full() || keys.size() == kMostKeys) break;
            keys.push_back(key);
        }
        return guess(word, keys);
    }

    /// Enough errors: no more are noted.
    [[nodiscard]] bool is_full() const;

  private:
    std::map<TargetGroupName, std::size_t> group_index_;
    std::vector<std::set<std::size_t>> users_;
};

bool contains(const std::vector<Cidr>& blocks, const IpAddress& address);

/// Letters, digits, hyphens, and not an empty text.
bool is_alphanumeric_or_hyphen(std::string_view text);

void check_region_names(RuleContext& context);
void check_balancers(RuleContext& context);
void check_zones(RuleContext& context);
void check_listeners(RuleContext& context);
void check_groups(RuleContext& context);
void check_group_attributes(RuleContext& context);
void check_health_checks(RuleContext& context);
void check_targets(RuleContext& context);
void check_inventory(RuleContext& context);
void check_clashes(RuleContext& context);
void check_ids(RuleContext& context);
void check_quotas(RuleContext& context);
void advise(RuleContext& context);

/// Name rules shared by balancers and groups [p.15, p.48].
void check_name(RuleContext& context, const Path& path, std::string_view name);
void check_tags(RuleContext& context, const Path& path, const Tags& tags);

} // namespace nlb::model
