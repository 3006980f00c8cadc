// SPDX-License-Identifier: Apache-2.0
// --takeover: what this process gives to the next.
#include "takeover.hpp"
#include "takeover_lines.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words
using proxy::ListenerPlace;
using proxy::SocketsByPlace;

namespace {

constexpr std::size_t kMostMissing = 65'536;

/// Descriptors are for the same user, or for root.
bool may_ask(const io::Fd& socket) {
    ucred peer{};
    socklen_t length = sizeof peer;
    return ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           (peer.uid == 0 || peer.uid == ::geteuid());
}

} // namespace

Result<void> Takeover::serve() {
    return loop_.add(listener_->fd(), EPOLLIN, [this](std::uint32_t) { on_asked(); });
}

/// One process at a time: others wait in the queue meanwhile.
void Takeover::on_asked() {
    auto asker = listener_->accept();
    if (!asker || !asker->is_open() || !may_ask(*asker)) return;
    asker_ = std::move(*asker);
    answer_ = {};
    missing_.clear();
    loop_.remove(listener_->fd());
    auto done = loop_.add(asker_.get(), EPOLLIN, [this](std::uint32_t) { on_answer(); });
    if (done) done = offer_everything();
    warn_unless(done);
    if (!done) forget_asker();
}

Result<void> Takeover::offer_everything() {
    const SocketsByPlace& all = handlers_.sockets();
    std::vector<ListenerPlace> places;
    for (const auto& [place, sockets] : all)
        places.push_back(place);
    if (auto sent = offer(all, places); !sent) return sent;
    const std::array<int, 2> meeting{listener_->fd(), listener_->lock()};
    return io::send_descriptors(asker_.get(),
                                takeover::line_of(contract::Takeover{places.size(), threads_}),
                                meeting, takeover::kPatience);
}

Result<void> Takeover::offer(const SocketsByPlace& all, const std::vector<ListenerPlace>& places) {
    for (const ListenerPlace& place : places) {
        std::vector<int> descriptors;
        for (const io::Fd& socket : all.at(place))
            descriptors.push_back(socket.get());
        auto sent = io::send_descriptors(
            asker_.get(), takeover::line_of(takeover::line_of(place, descriptors.size())),
            descriptors, takeover::kPatience);
        if (!sent) return sent;
    }
    return {};
}

void Takeover::on_answer() {
    auto read = answer_.read(asker_.get(), takeover::kPatience);
    if (!read || !*read) return forget_asker();
    const auto is_whole = take_answer();
    if (!is_whole) return forget_asker();
    if (!*is_whole) return;
    const auto more = lacks_ours();
    if (!more) return forget_asker();
    if (!*more) leave();
}

/// The lines that came; true when the last was the end of the answer.
Result<bool> Takeover::take_answer() {
    while (const auto line = answer_.line()) {
        const auto message = takeover::message_of(*line);
        if (!message) return tl::unexpected<Error>(message.error());
        if (std::holds_alternative<contract::Takeover>(*message)) return true;
        const auto* missing = std::get_if<contract::ListeningSockets>(&*message);
        if (missing == nullptr || missing_.size() >= kMostMissing)
            return fail(Errc::Data, "what came is no answer");
        const auto place = takeover::place_of(*missing);
        if (!place) return tl::unexpected<Error>(place.error());
        missing_.push_back(*place);
    }
    return false;
}

/// True: it could not listen where this process does, so it gets those sockets now, too.
Result<bool> Takeover::lacks_ours() {
    const SocketsByPlace& all = handlers_.sockets();
    std::vector<ListenerPlace> ours = std::exchange(missing_, {});
    std::erase_if(ours, [&](const ListenerPlace& place) { return !all.contains(place); });
    if (ours.empty()) return false;
    auto sent = offer(all, ours);
    if (sent) {
        sent = io::send_descriptors(asker_.get(),
                                    takeover::line_of(contract::Takeover{ours.size(), threads_}),
                                    {}, takeover::kPatience);
    }
    if (!sent) return tl::unexpected<Error>(sent.error());
    return true;
}

void Takeover::leave() {
    listener_->leave();
    listener_.reset();
    loop_.remove(asker_.get());
    heir_ = std::move(asker_);
    handlers_.on_taken();
}

/// It changed nothing: the next one may ask.
void Takeover::forget_asker() {
    if (!asker_.is_open()) return;
    loop_.remove(asker_.get());
    asker_.reset();
    warn_unless(serve());
}
