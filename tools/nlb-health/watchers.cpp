// SPDX-License-Identifier: Apache-2.0
#include "watchers.hpp"

#include <sys/epoll.h>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

Watchers::Watchers(app::Context& context, io::EventLoop& loop, contract::Hello hello,
                   std::function<std::vector<contract::Set>()> snapshot)
    : context_(context), loop_(loop), hello_(std::move(hello)), snapshot_(std::move(snapshot)) {
}

Watchers::~Watchers() {
    watchers_.clear();
    if (listener_) loop_.remove(listener_->fd());
}

Result<void> Watchers::listen(const std::string& path) {
    if (auto made = io::make_socket_directory(path); !made) return made;
    auto listener = io::UnixListener::make(path);
    if (!listener) return tl::unexpected<Error>(listener.error());
    listener_.emplace(std::move(*listener));
    return loop_.add(listener_->fd(), EPOLLIN, [this](std::uint32_t) { accept(); });
}

void Watchers::accept() {
    constexpr std::size_t kMostWatchers = 64; // descriptors are for checks
    auto socket = listener_->accept();
    if (!socket) return context_.log.warning(socket.error().text());
    if (!socket->is_open()) return;
    if (watchers_.size() >= kMostWatchers) return context_.log.warning("too many watchers");
    auto out = socket->duplicate();
    if (!out) return context_.log.warning(out.error().text());
    const std::uint64_t number = ++last_;
    Watcher& watcher = watchers_[number];
    auto link = io::MessageLink::make(
        loop_, std::move(*socket), std::move(*out), hello_,
        {.on_event =
             [&watcher](const contract::Event& event) {
                 const auto* message = std::get_if<contract::Message>(&event.what);
                 if (message != nullptr &&
                     std::holds_alternative<contract::SnapshotRequest>(*message))
                     watcher.wants_snapshot = true;
             },
         .on_batch = {},
         .on_closed = [&watcher](const Result<void>&) { watcher.ended = true; }});
    if (link) {
        watcher.link = std::move(*link);
    } else {
        watchers_.erase(number);
    }
}

void Watchers::put(const contract::Message& message) {
    for (auto& [number, watcher] : watchers_) {
        if (!watcher.wants_snapshot) watcher.link->put(message);
    }
}

void Watchers::put(const contract::Set& set) {
    for (auto& [number, watcher] : watchers_) {
        if (!watcher.wants_snapshot) append_set(set, watcher.link->writer());
    }
}

void Watchers::send_snapshot(Watcher& watcher) {
    watcher.wants_snapshot = false;
    std::vector<contract::Set> sets = snapshot_();
    if (sets.empty()) sets.push_back({contract::SetKind::TargetHealth, {}, 0, false, {}});
    for (contract::Set& set : sets) {
        set.more = &set != &sets.back();
        append_set(set, watcher.link->writer());
    }
}

void Watchers::flush() {
    for (auto& [number, watcher] : watchers_) {
        if (watcher.ended) continue;
        if (watcher.wants_snapshot) send_snapshot(watcher);
        if (!watcher.link->is_flushed()) watcher.link->flush();
    }
    std::erase_if(watchers_, [](const auto& entry) { return entry.second.ended; });
}
