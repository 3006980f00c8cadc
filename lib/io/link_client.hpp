// SPDX-License-Identifier: Apache-2.0
// A MessageLink to a Unix socket that comes back by itself: connects, and after every end or
// refusal tries again with back-off from 20 ms to 1 s. Start order of the tools is therefore free.
#pragma once

#include "io/message_link.hpp"

#include <memory>
#include <string>

namespace nlb::io {

class LinkClient {
  public:
    struct Handlers {
        std::function<void()> on_connected; ///< a new link is up: ask for what is needed
        std::function<void(const contract::Event&)> on_event;
        std::function<void()> on_batch;
        /// The link ended or could not be made; told once per outage, with the cause.
        std::function<void(const Error&)> on_lost;
    };

    LinkClient(EventLoop& loop, std::string path, contract::Hello hello, Handlers handlers);
    ~LinkClient();
    LinkClient(const LinkClient&) = delete;
    LinkClient& operator=(const LinkClient&) = delete;

    /// First attempt at once. Never fails: what fails is tried again.
    void start();

    /// The live link, or null while there is none: what would be said is then dropped.
    [[nodiscard]] MessageLink* link() { return link_.get(); }

  private:
    void attempt();
    void lost(const Error& why);

    EventLoop& loop_;
    std::string path_;
    contract::Hello hello_;
    Handlers handlers_;
    std::unique_ptr<MessageLink> link_;
    std::unique_ptr<MessageLink> ended_; // kept until its own callback has returned
    EventLoop::TimerId retry_ = 0;
    Nanos backoff_;
    bool told_ = false;
};

} // namespace nlb::io
