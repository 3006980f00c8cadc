// SPDX-License-Identifier: Apache-2.0
// A child process: started with an empty signal mask and a process group of its own, watched by a
// descriptor, and never left behind as a zombie.
#pragma once

#include "io/event_loop.hpp"

#include <functional>
#include <string>
#include <vector>

namespace nlb::io {

class Child {
  public:
    struct Setup {
        std::string program;                  ///< path
        std::vector<std::string> arguments;   ///< without the program's name
        std::vector<std::string> environment; ///< NAME=VALUE, in front of our own
        bool keeps_output = false; ///< standard output and error go to output(), else where ours go
    };

    struct Exit {
        bool passed = false; ///< status 0
        std::string how;     ///< "exit status 2", "killed by signal 9"
    };

    /// Calls `on_exit` once in `loop` when the process has ended. Errors: System.
    static Result<std::unique_ptr<Child>> start(EventLoop& loop, const Setup& setup,
                                                std::function<void(const Exit&)> on_exit);

    /// Kills the process group if it runs; `loop`, which must outlive the process, buries it.
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// The first line it wrote, at most 4096 bytes; complete once it has ended.
    [[nodiscard]] std::string output() const;

  private:
    Child(EventLoop& loop, int process, Fd ended, Fd output);

    EventLoop& loop_;
    int process_;
    Fd ended_; // a pidfd: readable when the process has ended
    Fd output_;
    bool running_ = true;
};

} // namespace nlb::io
