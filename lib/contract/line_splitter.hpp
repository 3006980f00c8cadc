// SPDX-License-Identifier: Apache-2.0
// Bytes as they come, as lines of at most kLongestLine bytes. A longer one is told, and nothing of
// it is kept; memory is bounded by that length.
#pragma once

#include "contract/codec.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace nlb::contract {

class LineSplitter {
  public:
    /// Calls take(line) for each line whose end is in `bytes`, without the newline, and overlong()
    /// for one that was too long. What take() gets is valid until the next call.
    template <class Take, class Overlong>
    void feed(std::string_view bytes, Take&& take, Overlong&& overlong) {
        while (!bytes.empty()) {
            const std::size_t newline = bytes.find('\n');
            const std::string_view piece = bytes.substr(0, newline);
            if (!overlong_ && held_.size() + piece.size() > kLongestLine) {
                overlong_ = true;
                held_.clear();
            }
            if (newline == std::string_view::npos) {
                if (!overlong_) held_ += piece;
                return;
            }
            bytes.remove_prefix(newline + 1);
            if (std::exchange(overlong_, false)) {
                overlong();
            } else if (held_.empty()) {
                take(piece);
            } else {
                held_ += piece;
                previous_ = std::exchange(held_, {});
                take(std::string_view(previous_));
            }
        }
    }

    /// The input ended: a last line without newline counts as a line.
    template <class Take, class Overlong>
    void finish(Take&& take, Overlong&& overlong) {
        if (!held_.empty() || overlong_) feed("\n", take, overlong);
    }

  private:
    std::string held_;     // bytes of a line whose end has not come
    std::string previous_; // keeps a line that spanned two calls alive
    bool overlong_ = false;
};

} // namespace nlb::contract
