// SPDX-License-Identifier: Apache-2.0
#include "ask.hpp"

#include "io/event_loop.hpp"
#include "io/message_link.hpp"
#include "io/socket.hpp"

#include <optional>

namespace nlb::policy {

namespace {

/// Collects the answer and stops the loop at its end.
class Asker {
  public:
    explicit Asker(io::EventLoop& loop) : loop_(loop) {}

    void take(const contract::Event& event) {
        auto outcome = assembler_.take(event);
        if (auto* set = std::get_if<contract::Set>(&outcome)) said_.sets.push_back(std::move(*set));
        if (!std::holds_alternative<contract::SetAssembler::NotOfSet>(outcome)) return;
        const auto* message = std::get_if<contract::Message>(&event.what);
        if (message == nullptr) return;
        if (const auto* answer = std::get_if<contract::Answer>(message)) {
            answer_ = *answer;
            return loop_.stop();
        }
        said_.lines.push_back(*message);
    }

    void closed(const Result<void>& how) {
        if (!how) failure_ = how.error();
        loop_.stop();
    }

    Result<Said> outcome() {
        if (failure_) return tl::unexpected<Error>(*failure_);
        if (!answer_) return fail(Errc::System, "the connection ended before the answer");
        if (!answer_->done) return fail(Errc::Usage, answer_->text.value_or("refused"));
        return std::move(said_);
    }

  private:
    io::EventLoop& loop_;
    contract::SetAssembler assembler_;
    Said said_;
    std::optional<contract::Answer> answer_;
    std::optional<Error> failure_;
};

} // namespace

Result<Said> ask(app::Context& context, const std::string& socket, contract::Request request) {
    const auto path = app::socket_path(socket);
    if (!path) return forward(path.error(), "--socket");
    auto connection = io::connect_unix(*path);
    if (!connection) return tl::unexpected<Error>(connection.error());
    auto out = connection->duplicate();
    if (!out) return tl::unexpected<Error>(out.error());
    auto loop = io::EventLoop::make();
    if (!loop) return tl::unexpected<Error>(loop.error());
    Asker asker(*loop);
    auto link = io::MessageLink::make(
        *loop, std::move(*connection), std::move(*out), context.hello("control"),
        {.on_event = [&](const contract::Event& event) { asker.take(event); },
         .on_batch = {},
         .on_closed = [&](const Result<void>& how) { asker.closed(how); }});
    if (!link) return tl::unexpected<Error>(link.error());
    (*link)->put(request);
    (*link)->flush();
    if (auto ran = loop->run(); !ran) return tl::unexpected<Error>(ran.error());
    return asker.outcome();
}

Result<route::Status> ask_status(app::Context& context, const std::string& socket) {
    contract::Request request;
    request.what = "status";
    const auto said = ask(context, socket, std::move(request));
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
