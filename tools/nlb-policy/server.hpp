// SPDX-License-Identifier: Apache-2.0
// The daemon `nlb-policy run`: one Publisher, a Unix socket, and the clients on it.
#pragma once

#include "client.hpp"
#include "pace.hpp"

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
    Server(app::Context& context, io::EventLoop& loop, std::string file,
           model::Configuration configuration);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Errors: System when the socket is in use or cannot be made.
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

    app::Context& context_;
    io::EventLoop& loop_;
    std::string file_;
    route::Publisher publisher_;
    Pace pace_;
    std::optional<io::UnixListener> listener_;
    std::map<std::uint64_t, std::unique_ptr<Client>> clients_;
    std::uint64_t last_client_ = 0;
    io::EventLoop::TimerId timer_ = 0;
    WallTime armed_for_ = WallTime::never(); // when timer_ is due; never: no timer
};

} // namespace nlb::policy
