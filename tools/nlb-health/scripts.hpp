// SPDX-License-Identifier: Apache-2.0
// Scripts: runs the scripts that check targets, in a process of its own: it begins before this one
// gives up the right to run programs, runs nothing but the scripts of its folder, and ends with it.
#pragma once

#include "io/event_loop.hpp"

#include "base/ip.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

class Scripts {
  public:
    struct End {
        bool passed = false;                  ///< status 0
        std::string how;                      ///< "exit status 2", "killed by signal 9"
        std::string output;                   ///< its first line
        std::optional<std::string> trouble{}; ///< it could not be run
    };

    using OnEnd = std::function<void(const End&)>;

    /// One that runs; it is killed with all that it started when this goes.
    class Run {
      public:
        Run(Scripts& scripts, std::uint64_t number) : scripts_(scripts), number_(number) {}

        ~Run() { scripts_.kill(number_); }

        Run(const Run&) = delete;
        Run& operator=(const Run&) = delete;

      private:
        Scripts& scripts_;
        std::uint64_t number_;
    };

    /// Begins the process: before there are threads, an event loop or a signal mask. Null without a
    /// folder: no scripts are run. Errors: System.
    static nlb::Result<std::unique_ptr<Scripts>> begin(const std::string& folder);

    ~Scripts() = default; ///< the loop does not run any more
    Scripts(const Scripts&) = delete;
    Scripts& operator=(const Scripts&) = delete;

    /// Answers come there from now on. Errors: System.
    nlb::Result<void> watch(nlb::io::EventLoop& loop);

    /// `on_end` is called once, unless the Run has gone before. Errors: System, when the process
    /// has ended.
    nlb::Result<std::unique_ptr<Run>> start(const std::string& script, const nlb::Endpoint& target,
                                            OnEnd on_end);

  private:
    explicit Scripts(nlb::io::Fd socket) : socket_(std::move(socket)) {}

    void kill(std::uint64_t number);
    void put(std::string request);
    void send();
    void on_answers();
    void on_lost();

    nlb::io::Fd socket_;
    nlb::io::EventLoop* loop_ = nullptr;
    std::uint64_t last_ = 0;
    std::map<std::uint64_t, OnEnd> running_;
    std::deque<std::string> unsent_;
    bool waits_for_room_ = false;
};
