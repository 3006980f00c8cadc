// SPDX-License-Identifier: Apache-2.0
// One JSON object of strings and numbers, for --json of tables that are no messages.
#pragma once

#include "contract/json.hpp"

#include <string>
#include <string_view>

namespace nlb::policy {

class JsonObject {
  public:
    JsonObject& text(std::string_view name, std::string_view value) {
        key(name);
        contract::append_json_string(value, out_);
        return *this;
    }

    /// `value` is a number as JSON writes it.
    JsonObject& number(std::string_view name, std::string_view value) {
        key(name);
        out_ += value;
        return *this;
    }

    [[nodiscard]] std::string line() const { return out_ + "}\n"; }

  private:
    void key(std::string_view name) {
        out_ += out_.size() == 1 ? "" : ",";
        contract::append_json_string(name, out_);
        out_ += ':';
    }

    std::string out_ = "{";
};

} // namespace nlb::policy
