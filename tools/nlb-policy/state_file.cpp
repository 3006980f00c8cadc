// SPDX-License-Identifier: Apache-2.0
#include "state_file.hpp"

#include "io/fd.hpp"

#include "route/state_lines.hpp"

#include "base/text.hpp"
#include "contract/stream.hpp"

#include <cerrno>

namespace nlb::policy {

namespace {

constexpr std::size_t kLongestFile = 64U << 20;

} // namespace

Result<route::RunningState> StateFile::load() {
    route::RunningState state;
    const auto text = io::read_file(path_, kLongestFile);
    if (!text) {
        if (text.error().sys == ENOENT) return state;
        return tl::unexpected<Error>(text.error());
    }
    contract::StreamReader reader;
    std::uint64_t bad = 0;
    const auto take = [&](const std::vector<contract::Event>& events) {
        for (const contract::Event& event : events) {
            const auto* message = std::get_if<contract::Message>(&event.what);
            if (message != nullptr)
                route::take_state_line(*message, state);
            else
                ++bad;
        }
    };
    take(reader.feed(*text));
    take(reader.finish());
    if (bad != 0) {
        context_.log.warning(in_quotes(path_) + ": " + std::to_string(bad) +
                             " lines could not be used");
    }
    return state;
}

void StateFile::save(const route::RunningState& state) {
    contract::StreamWriter writer(context_.hello("policy"));
    for (const contract::Message& line : route::state_lines(state))
        writer.put(line);
    std::string text = writer.drain();
    const bool is_empty = state.shifts.empty() && state.deregistered.empty();
    if (text == saved_ || (is_empty && saved_.empty())) return;
    saved_ = std::move(text);
    const auto done = io::replace_file(path_, saved_);
    if (!done && !complained_) {
        context_.log.warning(done.error().text() +
                             "; zonal shifts and draining targets will not outlive this process");
    }
    complained_ = !done;
}

} // namespace nlb::policy
