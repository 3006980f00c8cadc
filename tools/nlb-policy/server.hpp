// SPDX-License-Identifier: Apache-2.0
// The daemon `nlb-policy run`: one Publisher, a Unix socket, and the clients on it.
#pragma once

#include "client.hpp"
#include "control.hpp"
#include "merger.hpp"
#include "pace.hpp"
#include "state_file.hpp"

#include "app/context.hpp"
#include "io/event_loop.hpp"
#include "io/socket.hpp"

#include "route/publisher.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace nlb::policy {

class Server {
  public:
    struct Options {
        std::string file;  ///< nlb.toml, read again by reload()
        std::string state; ///< what outlives the process
        health::ConsensusRule consensus = health::ConsensusRule::Majority;
    };

    Server(app::Context& context, io::EventLoop& loop, Options options,
           model::Configuration configuration);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Takes over what an earlier process knew, then listens. Errors: System when the state file
    /// cannot be read, or the socket is in use or cannot be made.
    Result<void> listen(const std::string& path);

    /// Reads the file again; a file that is not valid changes nothing but the log.
    void reload();

    void log_statistics() const;

  private:
    void accept();
    void pause_accepting();
    void round(Nanos now);
    void announce(const route::Published& published);
    void arm();
    void arm_votes();
    void answer(const contract::Request& request, contract::StreamWriter& out);
    [[nodiscard]] std::vector<contract::Message> peers() const;
    [[nodiscard]] bool keeps_shifts(const model::Configuration& next) const;
    void note(const std::vector<route::HealthChange>& changes);

    app::Context& context_;
    io::EventLoop& loop_;
    Options options_;
    route::Publisher publisher_;
    Merger merger_;
    Control control_;
    StateFile state_;
    Pace pace_;
    std::optional<io::UnixListener> listener_;
    std::map<std::uint64_t, std::unique_ptr<Client>> clients_;
    std::uint64_t last_client_ = 0;
    io::EventLoop::TimerId votes_timer_ = 0;
    Nanos votes_armed_for_ = Nanos::never();
    io::EventLoop::TimerId timer_ = 0;
    WallTime armed_for_ = WallTime::never(); // when timer_ is due; never: no timer
};

} // namespace nlb::policy
