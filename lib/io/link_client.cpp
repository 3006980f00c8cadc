// SPDX-License-Identifier: Apache-2.0
#include "io/link_client.hpp"

#include "io/clock.hpp"
#include "io/socket.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace nlb::io {

namespace {

constexpr Nanos kFirstBackoff = Nanos::milliseconds(20);
constexpr Nanos kLongestBackoff = Nanos::seconds(1);

} // namespace

LinkClient::LinkClient(EventLoop& loop, std::string path, contract::Hello hello, Handlers handlers)
    : loop_(loop), path_(std::move(path)), hello_(std::move(hello)), handlers_(std::move(handlers)),
      backoff_(kFirstBackoff) {
}

LinkClient::~LinkClient() {
    loop_.cancel(retry_);
}

void LinkClient::start() {
    attempt();
}

void LinkClient::attempt() {
    auto in = connect_unix(path_);
    if (!in) return lost(in.error());
    auto out = in->duplicate();
    if (!out) return lost(out.error());
    auto link = MessageLink::make(
        loop_, std::move(*in), std::move(*out), hello_,
        {.on_event = handlers_.on_event,
         .on_batch = handlers_.on_batch,
         .on_closed = [this](const Result<void>& how) {
             lost(how ? Error{Errc::System, 0, in_quotes(path_) + " closed"} : how.error());
         }});
    if (!link) return lost(link.error());
    link_ = std::move(*link);
    backoff_ = kFirstBackoff;
    told_ = false;
    if (handlers_.on_connected) handlers_.on_connected();
}

void LinkClient::lost(const Error& why) {
    ended_ = std::move(link_);
    if (!std::exchange(told_, true) && handlers_.on_lost) handlers_.on_lost(why);
    loop_.cancel(retry_);
    retry_ = loop_.at(now() + backoff_, [this](Nanos) {
        ended_.reset();
        attempt();
    });
    backoff_ = std::min(kLongestBackoff, Nanos{backoff_.ns * 2});
}

} // namespace nlb::io
