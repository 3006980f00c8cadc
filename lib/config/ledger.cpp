// SPDX-License-Identifier: Apache-2.0
#include "config/ledger.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace nlb::config {

void Ledger::add(const model::Path& path, Position at, std::optional<std::string> value,
                 std::string allowed) {
    if (++count_ > kMostProblems) return;
    problems_.push_back({file_, at, path.text(), std::move(value), std::move(allowed)});
    paths_.push_back(path);
}

void Ledger::wrong(const model::Path& path, const Node& node, std::string allowed) {
    add(path, node.at, node.summary(), std::move(allowed));
}

void Ledger::wrong_type(const model::Path& path, const Node& node, std::string allowed) {
    add(path, node.at, node.literal(), std::move(allowed));
}

void Ledger::missing(const model::Path& path, Position place, std::string allowed) {
    add(path, place, std::nullopt, std::move(allowed));
}

void Ledger::unknown(const model::Path& path, const Node& node,
                     std::span<const std::string_view> known) {
    if (count_ >= kMostProblems) {
        ++count_; // not worth a guess
        return;
    }
    const auto near = nearest(path.steps().back().key, known);
    std::string text = "unknown key; ";
    text += near ? "did you mean " + in_quotes(*near) + "?" : "known here: " + either(known);
    add(path, node.key_at, std::nullopt, std::move(text));
}

void Ledger::take_findings(const std::vector<model::Violation>& found, const Node& root) {
    const std::vector<model::Path> before = paths_;
    const auto is_wrong = [&](const model::Path& path) {
        return std::any_of(before.begin(), before.end(), [&](const model::Path& known) {
            return known.within(path) || path.within(known);
        });
    };
    for (const model::Violation& violation : found) {
        const bool is_void = is_wrong(violation.path) ||
                             std::any_of(violation.also.begin(), violation.also.end(), is_wrong);
        if (is_void) continue;
        const Found place = find(root, violation.path);
        if (place.node != nullptr && !place.node->is(Node::Kind::Table)) {
            wrong(violation.path, *place.node, violation.allowed);
        } else {
            missing(violation.path, place.at, violation.allowed);
        }
    }
}

Problems Ledger::take() {
    std::stable_sort(problems_.begin(), problems_.end(),
                     [](const Problem& a, const Problem& b) { return a.at < b.at; });
    if (count_ > kMostProblems) {
        const Position last = problems_.back().at;
        problems_.push_back({file_, last, "", std::nullopt,
                             "and " + std::to_string(count_ - kMostProblems) + " more problems"});
    }
    return std::move(problems_);
}

} // namespace nlb::config
