// SPDX-License-Identifier: Apache-2.0
// Where flow and counter lines go: standard output, a file, or a Unix socket that may come and go.
#pragma once

#include "app/context.hpp"
#include "io/link_client.hpp"
#include "proxy/proxy.hpp"

#include <memory>
#include <string>
#include <vector>

/// What is told of a flow that sockets carried.
nlb::contract::Flow flow_line(const nlb::proxy::FlowRecord& record);

class Records {
  public:
    /// `to` is "-", a file (appended to) or unix:NAME; with "-" lines go to `answers`, which
    /// outlives this. Errors: Usage, System.
    static nlb::Result<std::unique_ptr<Records>>
    open(nlb::io::EventLoop& loop, const nlb::app::Context& context, const std::string& to,
         nlb::io::MessageLink* answers, nlb::contract::Hello hello);

    /// The line goes out with the next flush(). False: it was thrown away, because the reader is
    /// absent or more than kMostPending behind.
    bool put(const nlb::contract::Flow& line);
    void put(const std::vector<nlb::contract::Counter>& counters);
    void flush();

    static constexpr std::size_t kMostPending = 4U << 20U; ///< bytes

  private:
    explicit Records(const nlb::app::Context& context) : context_(context) {}

    nlb::Result<void> open_file(nlb::io::EventLoop& loop, const std::string& path,
                                nlb::contract::Hello hello);
    [[nodiscard]] nlb::io::MessageLink* link();

    const nlb::app::Context& context_;
    nlb::io::MessageLink* answers_ = nullptr;
    std::unique_ptr<nlb::io::MessageLink> file_;
    std::unique_ptr<nlb::io::LinkClient> socket_;
};
