// SPDX-License-Identifier: Apache-2.0
#include "ask.hpp"

#include "app/ask.hpp"

namespace nlb::policy {

Result<Said> ask(const app::Context& context, const std::string& socket,
                 const contract::Request& request) {
    if (const auto path = app::socket_path(socket); !path) return forward(path.error(), "--socket");
    Said said;
    contract::SetAssembler assembler;
    auto asked = app::ask(context, socket, request, [&](const contract::Event& event) {
        auto outcome = assembler.take(event);
        if (auto* set = std::get_if<contract::Set>(&outcome)) said.sets.push_back(std::move(*set));
        if (!std::holds_alternative<contract::SetAssembler::NotOfSet>(outcome)) return;
        if (const auto* message = std::get_if<contract::Message>(&event.what))
            said.lines.push_back(*message);
    });
    if (!asked) return tl::unexpected<Error>(asked.error());
    return said;
}

Result<route::Status> ask_status(const app::Context& context, const std::string& socket) {
    contract::Request request;
    request.what = "status";
    const auto said = ask(context, socket, request);
    if (!said) return tl::unexpected<Error>(said.error());
    route::Status status;
    for (const contract::Message& line : said->lines)
        status.take(line);
    for (const contract::Set& set : said->sets) {
        for (const contract::Message& line : set.lines)
            status.take(line);
    }
    return status;
}

} // namespace nlb::policy
