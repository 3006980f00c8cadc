// SPDX-License-Identifier: Apache-2.0
#include "contract/stream.hpp"

namespace nlb::contract {

std::vector<Event> StreamReader::feed(std::string_view bytes) {
    std::vector<Event> events;
    while (!bytes.empty()) {
        const std::size_t newline = bytes.find('\n');
        const std::string_view piece = bytes.substr(0, newline);
        if (!overlong_ && held_.size() + piece.size() > kLongestLine) {
            overlong_ = true;
            held_.clear();
        }
        if (newline == std::string_view::npos) {
            if (!overlong_) held_ += piece;
            break;
        }
        bytes.remove_prefix(newline + 1);
        if (overlong_) {
            overlong_ = false;
            events.push_back({BadLine{++line_, "a line may have at most 65536 bytes"}, {}});
        } else if (held_.empty()) {
            take_line(piece, events);
        } else {
            held_ += piece;
            previous_ = std::exchange(held_, {});
            take_line(previous_, events);
        }
    }
    return events;
}

std::vector<Event> StreamReader::finish() {
    if (held_.empty() && !overlong_) return {};
    return feed("\n");
}

void StreamReader::take_line(std::string_view line, std::vector<Event>& events) {
    ++line_;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
    auto decoded = decoder_.decode(line);
    if (!decoded) {
        events.push_back({BadLine{line_, decoded.error().attempt}, line});
        return;
    }
    const bool restarts = std::holds_alternative<Hello>(decoded->message);
    if (decoded->has_seq) {
        if (!restarts && expected_ != 0 && decoded->seq != expected_) {
            events.push_back({Gap{expected_, decoded->seq}, {}});
        }
        expected_ = decoded->seq + 1;
    }
    if (std::holds_alternative<Unknown>(decoded->message)) ++unknown_;
    events.push_back({std::move(decoded->message), line});
}

} // namespace nlb::contract
