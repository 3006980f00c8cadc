// SPDX-License-Identifier: Apache-2.0
// What was in force when: configurations and target-health lines, each from its own time on, made
// into tables by the rules that nlb-policy(8) runs.
#pragma once

#include "tables/build.hpp"

#include "flow/tables.hpp"
#include "route/intake.hpp"

#include "base/result.hpp"
#include "base/time.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::replay {

struct ConfigurationFrom {
    Nanos from;       ///< Unix time
    std::string name; ///< for messages: its file
    model::Configuration configuration;
};

class Timeline {
  public:
    /// Told of lines that cannot be used, in words.
    using Warn = std::function<void(const std::string&)>;

    /// `configurations`: one or more, in the order of their times; the first one is in force from
    /// the start whatever its time. `lines`: NDJSON, which must outlive this; those before the
    /// first `time` line are in force from the start. `node`: whose tables these are.
    /// Every line is read once now, so that nothing comes to light later.
    /// Errors: Usage, when a configuration has no such zone or may not follow the one before it
    /// (model::forbidden_changes); Data, when lines could not be used.
    static Result<Timeline> make(std::vector<ConfigurationFrom> configurations,
                                 std::string_view lines, tables::Node node, const Warn& warn);

    /// What is in force.
    [[nodiscard]] const flow::Tables& tables() const { return *tables_; }

    /// Goes on to `now`, never back. True when the tables were replaced; the ones before stay until
    /// the next replacement. Errors: Data, as tables::build.
    Result<bool> advance(Nanos now) {
        if (now < next_) return false;
        return advance_far(now);
    }

  private:
    Timeline(std::vector<ConfigurationFrom> configurations, std::string_view lines,
             tables::Node node);

    Result<bool> advance_far(Nanos now);
    bool take_until(Nanos now, const Warn& warn);
    void take_lines(Nanos now, const Warn& warn);
    void take_event(const contract::Event& event, const Warn& warn);
    Result<void> build();

    [[nodiscard]] std::uint64_t bad() const { return intake_.bad() + bad_times_; }

    std::vector<ConfigurationFrom> configurations_;
    std::size_t next_configuration_ = 1;
    std::string_view rest_; ///< lines not taken yet
    tables::Node node_;
    Nanos lines_from_; ///< time of the rest
    Nanos next_;       ///< when something changes next
    contract::StreamReader reader_;
    route::Intake intake_;
    std::unique_ptr<route::Publisher> publisher_;
    std::unique_ptr<const flow::Tables> tables_;
    std::unique_ptr<const flow::Tables> before_;
    std::uint64_t bad_times_ = 0;
};

} // namespace nlb::replay
