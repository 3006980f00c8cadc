// SPDX-License-Identifier: Apache-2.0
// The control socket of a running nlb-forward: who connects asks for its status or its flows.
#pragma once

#include "status_lines.hpp"

#include "app/context.hpp"
#include "io/message_link.hpp"
#include "io/socket.hpp"
#include "proxy/proxy.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

class Control {
  public:
    struct Handlers {
        std::function<void(TargetFlows, nlb::contract::StreamWriter&)> status;
        /// Asks for a portion of the flows; it comes later.
        std::function<void(const nlb::proxy::FlowCursor&, bool with_source,
                           std::function<void(const nlb::proxy::FlowPortion&)>)>
            look;
        std::function<std::size_t()> workers;
    };

    Control(nlb::app::Context& context, nlb::io::EventLoop& loop, nlb::contract::Hello hello,
            Handlers handlers);
    ~Control();
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

    /// Errors: System, also when another process answers there.
    nlb::Result<void> listen(const std::string& path);

    /// Answers nobody any more and leaves the name to another process.
    void close();

  private:
    struct Client {
        std::unique_ptr<nlb::io::MessageLink> link;
        std::string what; ///< is being answered; empty: nothing
        nlb::proxy::FlowCursor cursor;
        TargetFlows flows; ///< for a status
        bool ended = false;
    };

    void accept();
    void take(std::uint64_t number, const nlb::contract::Event& event);
    void look(std::uint64_t number);
    void take_portion(std::uint64_t number, const nlb::proxy::FlowPortion& portion);
    void finish(Client& client, bool is_known);
    void forget_ended();

    nlb::app::Context& context_;
    nlb::io::EventLoop& loop_;
    nlb::contract::Hello hello_;
    Handlers handlers_;
    std::optional<nlb::io::UnixListener> listener_;
    std::map<std::uint64_t, Client> clients_;
    std::uint64_t last_ = 0;
    std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true); ///< portions may come too late
};

/// unix:nlb-forward-NODE.ctl
std::string control_source(const std::string& node);
