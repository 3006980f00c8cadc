// SPDX-License-Identifier: Apache-2.0
// Ids that a file gives: streams, logs and metrics tell resources apart by them.
#include "model/rule_context.hpp"

namespace nlb::model {

namespace {

/// The 16 digits of every resource of one kind.
class Ids {
  public:
    Ids(RuleContext& context, std::string kind, std::string what)
        : context_(context), kind_(std::move(kind)), what_(std::move(what)) {}

    /// `id` is the whole id of the resource at `path`; `name` is what a default id is made from.
    void claim(std::string_view id, const std::string& name, const Path& path) {
        const std::string hex(id.substr(id.rfind('/') + 1));
        const auto [it, is_new] = first_.emplace(hex, Owner{name, path / "id"});
        // Default ids are the same only when the names are, and names have rules of their own.
        if (is_new || (is_default(hex, name) && is_default(hex, it->second.name))) return;
        context_.error(path / "id", "an id no other " + what_ + " has; " + it->second.path.text() +
                                        " has it already");
    }

  private:
    struct Owner {
        std::string name;
        Path path;
    };

    [[nodiscard]] bool is_default(const std::string& hex, const std::string& name) const {
        const Configuration& c = context_.configuration;
        return resource_hex(c.account, c.region, kind_, name) == hex;
    }

    RuleContext& context_;
    std::string kind_;
    std::string what_;
    std::map<std::string, Owner> first_;
};

} // namespace

void check_ids(RuleContext& context) {
    const Configuration& c = context.configuration;
    Ids balancers(context, "loadbalancer", "load balancer");
    Ids listeners(context, "listener", "listener");
    for (std::size_t i = 0; i < c.load_balancers.size(); ++i) {
        const LoadBalancer& lb = c.load_balancers[i];
        const Path path = RuleContext::balancer(i);
        balancers.claim(lb.id.value, lb.name.value, path);
        for (std::size_t j = 0; j < lb.listeners.size(); ++j) {
            const Listener& listener = lb.listeners[j];
            listeners.claim(listener.id.value, lb.name.value + "/" + std::to_string(listener.port),
                            path / "listeners" / j);
        }
    }
    Ids groups(context, "targetgroup", "target group");
    for (std::size_t i = 0; i < c.target_groups.size(); ++i) {
        const TargetGroup& group = c.target_groups[i];
        groups.claim(group.id.value, group.name.value, RuleContext::group(i));
    }
}

} // namespace nlb::model
