// SPDX-License-Identifier: Apache-2.0
#include "contract/sets.hpp"

#include "base/digest.hpp"

namespace nlb::contract {

namespace {

/// The digest covers a line up to its last `,"seq"`, so that it does not depend on the stream.
std::uint64_t extend_digest(std::string_view line, std::uint64_t digest) {
    return fnv1a(line.substr(0, line.rfind(",\"seq\"")), digest);
}

} // namespace

void append_set(const Set& set, StreamWriter& out) {
    std::optional<model::TargetGroupId> scope;
    if (!set.scope.empty()) scope = set.scope;
    out.put(SetBegin{set.kind, scope, set.generation});
    std::uint64_t digest = kFnvStart;
    for (const Message& message : set.lines) {
        const std::size_t start = out.pending().size();
        out.put(message);
        std::string_view line = out.pending().substr(start);
        line.remove_suffix(1);
        digest = extend_digest(line, digest);
    }
    SetEnd end{set.kind, scope, set.generation, set.lines.size(), hex64(digest), std::nullopt};
    if (set.more) end.more = true;
    out.put(end);
}

SetAssembler::Outcome SetAssembler::take(const Event& event) {
    if (std::holds_alternative<Gap>(event.what)) {
        return open_ ? drop("lines were lost") : Outcome(NotOfSet{});
    }
    if (std::holds_alternative<BadLine>(event.what)) {
        return open_ ? drop("it has a line that is no message") : Outcome(NotOfSet{});
    }
    const Message& message = std::get<Message>(event.what);
    if (const auto* b = std::get_if<SetBegin>(&message)) return begin(*b);
    if (const auto* e = std::get_if<SetEnd>(&message)) return end(*e);
    if (!open_) return NotOfSet{};
    if (std::holds_alternative<Time>(message)) return Collected{}; // recorded, never sent
    if (std::holds_alternative<Hello>(message)) {
        open_.reset(); // the sender started anew; it will send the set again
        return NotOfSet{};
    }
    return collect(message, event.text);
}

SetAssembler::Outcome SetAssembler::begin(const SetBegin& begin) {
    const bool unfinished = open_.has_value();
    open_ =
        Set{begin.set, begin.scope.value_or(model::TargetGroupId()), begin.generation, false, {}};
    digest_ = kFnvStart;
    if (unfinished) return Dropped{"a set began inside another"};
    return Collected{};
}

SetAssembler::Outcome SetAssembler::end(const SetEnd& end) {
    if (!open_) return Collected{}; // the rest of a set that was dropped
    if (open_->scope != end.scope.value_or(model::TargetGroupId()) ||
        open_->generation != end.generation || open_->kind != end.set) {
        return drop("its end names another set");
    }
    if (open_->lines.size() != end.count) {
        return drop(std::to_string(open_->lines.size()) + " lines came instead of " +
                    std::to_string(end.count));
    }
    if (end.digest && *end.digest != hex64(digest_)) return drop("its digest differs");
    Set done = std::move(*open_);
    open_.reset();
    done.more = end.more.value_or(false);
    return done;
}

SetAssembler::Outcome SetAssembler::collect(const Message& message, std::string_view text) {
    if (open_->lines.size() >= kMostLinesInSet) return drop("it has too many lines");
    digest_ = extend_digest(text, digest_);
    open_->lines.push_back(message);
    return Collected{};
}

SetAssembler::Outcome SetAssembler::drop(std::string why) {
    why = std::string(to_text(open_->kind)) + " of " + open_->scope.value + " dropped: " + why;
    open_.reset();
    return Dropped{std::move(why)};
}

} // namespace nlb::contract
