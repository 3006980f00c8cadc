// SPDX-License-Identifier: Apache-2.0
// The socket of those who watch a running nlb-health: each gets a snapshot, then every change.
#pragma once

#include "app/context.hpp"
#include "io/message_link.hpp"
#include "io/socket.hpp"

#include "contract/sets.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

class Watchers {
  public:
    /// `snapshot` gives the sets of all groups at the time of the call.
    Watchers(nlb::app::Context& context, nlb::io::EventLoop& loop, nlb::contract::Hello hello,
             std::function<std::vector<nlb::contract::Set>()> snapshot);
    ~Watchers();
    Watchers(const Watchers&) = delete;
    Watchers& operator=(const Watchers&) = delete;

    /// Errors: System, when the socket cannot be made or another process answers there.
    nlb::Result<void> listen(const std::string& path);

    void put(const nlb::contract::Message& message);
    void put(const nlb::contract::Set& set);

    /// Sends what was put. Watchers that are gone are forgotten.
    void flush();

  private:
    struct Watcher {
        std::unique_ptr<nlb::io::MessageLink> link;
        bool wants_snapshot = true;
        bool ended = false;
    };

    void accept();
    void send_snapshot(Watcher& watcher);

    nlb::app::Context& context_;
    nlb::io::EventLoop& loop_;
    nlb::contract::Hello hello_;
    std::function<std::vector<nlb::contract::Set>()> snapshot_;
    std::optional<nlb::io::UnixListener> listener_;
    std::map<std::uint64_t, Watcher> watchers_;
    std::uint64_t last_ = 0;
};
