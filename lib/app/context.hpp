// SPDX-License-Identifier: Apache-2.0
// What a running tool has: its name, its log, where sockets live, who it is towards others.
#pragma once

#include "base/result.hpp"
#include "contract/messages.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace nlb::app {

enum class LogLevel : std::uint8_t { Error, Warning, Notice, Debug };

/// One line on standard error, for a person: "nlb-health: warning: ...".
class Log {
  public:
    Log(std::string tool, LogLevel level) : tool_(std::move(tool)), level_(level) {}

    void error(std::string_view text) const { write(LogLevel::Error, "error: ", text); }

    void warning(std::string_view text) const { write(LogLevel::Warning, "warning: ", text); }

    void notice(std::string_view text) const { write(LogLevel::Notice, "", text); }

    void debug(std::string_view text) const { write(LogLevel::Debug, "debug: ", text); }

    void set_level(LogLevel level) { level_ = level; }

    [[nodiscard]] bool shows(LogLevel level) const { return level <= level_; }

  private:
    void write(LogLevel level, std::string_view label, std::string_view text) const;

    std::string tool_;
    LogLevel level_;
};

struct Context {
    std::string tool;
    Log log;

    /// A hello for one stream of this process: tool, instance (16 hex digits, new at each start).
    [[nodiscard]] contract::Hello hello(std::string role, std::string node = {},
                                        std::string zone = {}) const;

    /// "READY=1", "STOPPING=1" [sd_notify(3)]. The environment may lack a service manager that
    /// listens: that is a warning, and the work goes on.
    void tell_service_manager(std::string_view state) const;

    std::string instance;
};

/// "unix:NAME" or "unix:/PATH" to a path; a relative NAME lies in runtime_dir(), with ".sock"
/// added when it has no dot. Errors: Usage when it does not start with "unix:".
Result<std::string> socket_path(std::string_view text);

/// $NLB_RUNTIME_DIR, or /run/nlb.
std::string runtime_dir();

/// The host name: the default of --node.
std::string default_node();

} // namespace nlb::app
