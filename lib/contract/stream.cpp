// SPDX-License-Identifier: Apache-2.0
#include "contract/stream.hpp"

namespace nlb::contract {

std::vector<Event> StreamReader::feed(std::string_view bytes) {
    std::vector<Event> events;
    splitter_.feed(
        bytes, [&](std::string_view line) { take_line(line, events); },
        [&] { events.push_back(overlong()); });
    return events;
}

std::vector<Event> StreamReader::finish() {
    std::vector<Event> events;
    splitter_.finish([&](std::string_view line) { take_line(line, events); },
                     [&] { events.push_back(overlong()); });
    return events;
}

Event StreamReader::overlong() {
    return {BadLine{++line_, "a line may have at most 65536 bytes"}, {}};
}

void StreamReader::take_line(std::string_view line, std::vector<Event>& events) {
    ++line_;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
    if (auto read = decoder_.decode(line, decoded_); !read) {
        events.push_back({BadLine{line_, read.error().attempt}, line});
        return;
    }
    const bool restarts = std::holds_alternative<Hello>(decoded_.message);
    if (decoded_.has_seq) {
        if (!restarts && expected_ != 0 && decoded_.seq != expected_) {
            events.push_back({Gap{expected_, decoded_.seq}, {}});
        }
        expected_ = decoded_.seq + 1;
    }
    if (std::holds_alternative<Unknown>(decoded_.message)) ++unknown_;
    events.push_back({std::move(decoded_.message), line});
}

} // namespace nlb::contract
