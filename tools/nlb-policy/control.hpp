// SPDX-License-Identifier: Apache-2.0
// Answers the questions of clients with the role control.
#pragma once

#include "merger.hpp"

#include "app/context.hpp"

#include "route/publisher.hpp"

#include "contract/stream.hpp"

#include <functional>
#include <vector>

namespace nlb::policy {

class Control {
  public:
    /// Lines about those who are connected.
    using Peers = std::function<std::vector<contract::Message>()>;

    Control(const app::Context& context, route::Publisher& publisher, const Merger& merger,
            Peers peers)
        : context_(context), publisher_(publisher), merger_(merger), peers_(std::move(peers)) {}

    /// Writes the lines of the answer and its end. A zonal shift is in force after the publisher's
    /// next publish().
    void answer(const contract::Request& request, contract::StreamWriter& out);

  private:
    Result<void> carry_out(const contract::Request& request, contract::StreamWriter& out);
    void status(contract::StreamWriter& out) const;
    void put_votes(const contract::Set& health, contract::StreamWriter& out) const;
    void put_dns(contract::StreamWriter& out) const;
    void put_shifts(contract::StreamWriter& out) const;
    Result<void> shift(const contract::Request& request, contract::StreamWriter& out);
    Result<void> cancel(const contract::Request& request, contract::StreamWriter& out);

    const app::Context& context_;
    route::Publisher& publisher_;
    const Merger& merger_;
    Peers peers_;
};

} // namespace nlb::policy
