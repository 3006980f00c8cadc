// SPDX-License-Identifier: Apache-2.0
// nlb-forward run: what comes in, and when it is put in force.
#include "run_wiring.hpp"

#include "io/clock.hpp"

#include "base/text.hpp"

#include <utility>

using namespace nlb;

namespace {

constexpr std::uint64_t kBadLinesTold = 10;

} // namespace

Result<void> RunWiring::open_input() {
    if (options_.input.starts_with("unix:")) {
        auto path = app::socket_path(options_.input);
        if (!path) return forward(path.error(), "--input");
        follow_socket(std::move(*path));
        return {};
    }
    auto in = io::open_stream(options_.input);
    if (!in) return forward(in.error(), "--input");
    auto link = io::MessageLink::make(
        loop_, std::move(*in), io::Fd(), context_.hello("forward"),
        {.on_event = [this](const contract::Event& event) { on_event(event); },
         .on_batch = [this] { on_batch(); },
         .on_closed = [this](const Result<void>& how) { on_input_end(how); }});
    if (!link) return forward(link.error(), "input " + in_quotes(options_.input));
    input_ = std::move(*link);
    return {};
}

void RunWiring::follow_socket(std::string path) {
    policy_ = std::make_unique<io::LinkClient>(
        loop_, std::move(path), context_.hello("forward", options_.node, options_.zone),
        io::LinkClient::Handlers{
            .on_connected =
                [this] {
                    // A new stream: half a set of the old one must not meet the new one's lines.
                    assembler_ = {};
                    staged_.clear();
                    complete_ = 0;
                    for (const contract::ListenerState& state : listener_states())
                        answer(state);
                },
            .on_event = [this](const contract::Event& event) { on_event(event); },
            .on_batch = [this] { on_batch(); },
            .on_lost =
                [this](const Error& error) {
                    context_.log.warning(
                        "nlb-policy: " + error.text() +
                        (applied_ != 0 ? "; the last route-set stays in force" : "; trying again"));
                }});
}

void RunWiring::on_event(const contract::Event& event) {
    if (const auto* bad = std::get_if<contract::BadLine>(&event.what)) {
        warn_of_line("line " + std::to_string(bad->line) + ": " + bad->why);
    } else if (const auto* gap = std::get_if<contract::Gap>(&event.what)) {
        ask_for_snapshot("line number " + std::to_string(gap->got) + " came instead of " +
                         std::to_string(gap->expected));
    }
    auto outcome = assembler_.take(event);
    if (auto* set = std::get_if<contract::Set>(&outcome)) return on_set(std::move(*set));
    if (const auto* dropped = std::get_if<contract::SetAssembler::Dropped>(&outcome)) {
        return ask_for_snapshot(dropped->why);
    }
    if (!std::holds_alternative<contract::SetAssembler::NotOfSet>(outcome)) return;
    const auto* message = std::get_if<contract::Message>(&event.what);
    const auto* hello = message != nullptr ? std::get_if<contract::Hello>(message) : nullptr;
    if (hello != nullptr) on_hello(*hello);
}

void RunWiring::on_hello(const contract::Hello& hello) {
    if (hello.contract != contract::kContractVersion) {
        context_.log.warning(hello.tool + " speaks contract " + std::to_string(hello.contract) +
                             ", this is " + std::to_string(contract::kContractVersion));
    }
    on_batch();
    staged_.clear(); // the sender will say it again
    starts_anew_ = true;
}

void RunWiring::on_set(contract::Set set) {
    if (set.kind != contract::SetKind::RouteSet) return;
    const bool last = !set.more;
    staged_.push_back(std::move(set));
    if (last) complete_ = staged_.size();
}

void RunWiring::on_batch() {
    if (complete_ == 0) return;
    const std::span<const contract::Set> sets(staged_.data(), complete_);
    const bool is_everything = std::exchange(starts_anew_, false);
    const Nanos received = io::now();
    peaks_.learn(sets);
    status_.take(sets, is_everything);
    if (kernel_)
        proxy_->apply(kernel_->apply(sets, is_everything), is_everything, received);
    else
        proxy_->apply(sets, is_everything, received);
    applied_ += complete_;
    staged_.erase(staged_.begin(), staged_.begin() + static_cast<std::ptrdiff_t>(complete_));
    complete_ = 0;
}

void RunWiring::on_input_end(const Result<void>& how) {
    const std::string input = options_.input == "-" ? "standard input" : in_quotes(options_.input);
    if (bad_lines_ > kBadLinesTold) {
        context_.log.warning(input + ": " + std::to_string(bad_lines_) + " bad lines in all");
    }
    if (!how) return end(forward(how.error(), input));
    if (applied_ == 0) {
        return end(fail(Errc::Data, input + " ended without a complete route-set"));
    }
    if (draining_for_ == 0) {
        context_.log.notice(input + " ended; the last route-set stays in force");
    }
}

void RunWiring::warn_of_line(const std::string& why) {
    if (++bad_lines_ <= kBadLinesTold) context_.log.warning("skipped " + why);
}

void RunWiring::ask_for_snapshot(const std::string& why) {
    context_.log.warning(why + (policy_ ? "; asking for all sets again" : ""));
    answer(contract::SnapshotRequest{why});
}
