// SPDX-License-Identifier: Apache-2.0
#include "app/ask.hpp"

#include "io/event_loop.hpp"
#include "io/message_link.hpp"
#include "io/socket.hpp"

#include <optional>

namespace nlb::app {

Result<void> ask(const Context& context, const std::string& socket,
                 const contract::Request& request,
                 const std::function<void(const contract::Event&)>& take) {
    const auto path = socket_path(socket);
    if (!path) return tl::unexpected<Error>(path.error());
    auto connection = io::connect_unix(*path);
    if (!connection) return tl::unexpected<Error>(connection.error());
    auto out = connection->duplicate();
    if (!out) return tl::unexpected<Error>(out.error());
    auto loop = io::EventLoop::make();
    if (!loop) return tl::unexpected<Error>(loop.error());
    std::optional<contract::Answer> answer;
    Result<void> closed;
    const auto on_event = [&](const contract::Event& event) {
        const auto* message = std::get_if<contract::Message>(&event.what);
        const auto* last = message == nullptr ? nullptr : std::get_if<contract::Answer>(message);
        if (last == nullptr) return take(event);
        answer = *last;
        loop->stop();
    };
    const auto on_closed = [&](const Result<void>& how) {
        closed = how;
        loop->stop();
    };
    auto link = io::MessageLink::make(
        *loop, std::move(*connection), std::move(*out), context.hello("control"),
        {.on_event = on_event, .on_batch = {}, .on_closed = on_closed});
    if (!link) return tl::unexpected<Error>(link.error());
    (*link)->put(request);
    (*link)->flush();
    if (auto ran = loop->run(); !ran) return ran;
    if (answer && answer->done) return {};
    if (answer) return fail(Errc::Usage, answer->text.value_or("refused"));
    if (!closed) return closed;
    return fail(Errc::System, "the connection ended before the answer");
}

} // namespace nlb::app
