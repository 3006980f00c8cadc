// SPDX-License-Identifier: Apache-2.0
// What a collector begins with: signals, destinations, what an earlier one left, inputs.
#include "collector.hpp"
#include "sandbox/sandbox.hpp"

#include "app/configuration_file.hpp"
#include "app/tool.hpp"
#include "io/clock.hpp"

#include "base/text.hpp"

#include <linux/capability.h>
#include <sys/epoll.h>

#include <csignal>
#include <utility>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr Nanos kExpiryInterval = Nanos::seconds(3600);

} // namespace

Result<void> Collector::start() {
    // First, so that the thread that delivers has them blocked, too.
    auto signals = io::Signals::watch(loop_, {SIGTERM, SIGINT, SIGHUP, SIGUSR1},
                                      [this](int number) { on_signal(number); });
    if (!signals) return tl::unexpected<Error>(signals.error());
    signals_ = std::move(*signals);
    auto done = open_destinations();
    if (done) done = open_counters();
    if (done) done = open_inputs();
    if (done) done = give_up_rights();
    if (done) done = start_deliverer();
    if (!done) return done;
    loop_.after_each_round([this](Nanos) { round(); });
    return {};
}

Result<LogPlaces> Collector::places(std::string& account, std::string& region) const {
    model::Configuration configuration; // for its defaults
    if (!options_.config.empty()) {
        auto loaded = load_configuration(context_, options_.config);
        if (!loaded) return tl::unexpected<Error>(loaded.error());
        configuration = std::move(*loaded);
    }
    account = options_.account.empty() ? configuration.account : options_.account;
    region = options_.region.empty() ? configuration.region : options_.region;
    if (options_.config.empty())
        return LogPlaces(delivery::Place{options_.bucket, options_.prefix});
    return LogPlaces(configuration, destinations_->is_local());
}

Result<void> Collector::open_destinations() {
    auto destinations = Destinations::open(options_);
    if (!destinations) return tl::unexpected<Error>(destinations.error());
    destinations_.emplace(std::move(*destinations));
    delivery::Journal::Options journal;
    auto places = this->places(journal.account, journal.region);
    if (!places) return tl::unexpected<Error>(places.error());
    places_ = std::move(*places);
    account_ = journal.account;
    const std::string folder =
        options_.spool.empty() ? options_.directory + "/.spool" : options_.spool;
    auto spool = delivery::Spool::open(folder);
    if (!spool) return tl::unexpected<Error>(spool.error());
    spool_ = std::move(*spool);
    journal.folder = folder;
    journal.form = form_of(options_);
    journal.flows = traffic_type_of(options_);
    journal_.emplace(std::move(journal), [this](std::string_view id) { return places_->find(id); });
    packing_.method = method_of(options_, compress::Method::Gzip);
    if (options_.encrypt_to.empty()) return {};
    auto recipient = envelope::Certificate::load(options_.encrypt_to);
    if (!recipient) return forward(recipient.error(), "--encrypt-to");
    packing_.recipient = std::move(*recipient);
    return {};
}

/// Before there is a second thread. From here on come entries, and answers of buckets; started by
/// root, folders may belong to somebody else.
Result<void> Collector::give_up_rights() {
    sandbox::Rights rights;
    rights.capabilities = {CAP_DAC_OVERRIDE};
    rights.folders = Destinations::folders(options_);
    rights.folders.push_back({spool_->folder(), true});
    for (const std::string& input : options_.inputs) {
        if (auto socket = app::socket_path(input))
            rights.folders.push_back({sandbox::folder_of(*socket), true});
    }
    if (!options_.config.empty()) {
        const auto more = sandbox::folders_of(options_.config);
        rights.folders.insert(rights.folders.end(), more.begin(), more.end());
    }
    return sandbox::enter(rights, [this](const std::string& text) { context_.log.notice(text); });
}

/// The second thread, and what is for it.
Result<void> Collector::start_deliverer() {
    auto deliverer =
        delivery::Deliverer::start(std::move(packing_), [this](const delivery::Object& object) {
            return destinations_->put(object);
        });
    if (!deliverer) return tl::unexpected<Error>(deliverer.error());
    deliverer_ = std::move(*deliverer);
    auto added = loop_.add(deliverer_->fd(), EPOLLIN, [this](std::uint32_t) { settle(); });
    check_places();
    if (options_.retention_days != 0) expire();
    return added ? take_left_over() : added;
}

/// Whether enabling worked is said as soon as it is known; entries wait in the spool meanwhile.
void Collector::check_places() {
    for (const delivery::Place& place : places_->all())
        deliverer_->submit([this, place] { return destinations_->check(place, account_); });
}

/// Files that are too old go every hour.
void Collector::expire() {
    deliverer_->submit([this] { return destinations_->expire(options_.retention_days); });
    loop_.at(io::now() + kExpiryInterval, [this](Nanos) { expire(); });
}

Result<void> Collector::take_left_over() {
    auto left = spool_->left_over();
    if (!left) return tl::unexpected<Error>(left.error());
    for (const std::string& path : left->damaged)
        context_.log.warning(in_quotes(path) + " is no segment: kept as .damaged");
    if (!left->segments.empty())
        context_.log.notice("delivering " + std::to_string(left->segments.size()) +
                            " segments that an earlier process left in the spool");
    for (delivery::StoredSegment& segment : left->segments) {
        stored_bytes_ += segment.bytes;
        deliverer_->submit(std::move(segment));
    }
    return {};
}

Result<void> Collector::open_inputs() {
    if (options_.inputs.empty()) options_.inputs.emplace_back("-");
    for (const std::string& input : options_.inputs) {
        if (input == "-") {
            auto in = io::open_stream(input);
            if (!in) return tl::unexpected<Error>(in.error());
            if (auto added = add_sender(std::move(*in), false); !added) return added;
            continue;
        }
        auto path = app::socket_path(input);
        if (!path) return forward(path.error(), "--input");
        if (auto listening = listen(*path); !listening) return listening;
    }
    return {};
}

Result<void> Collector::listen(const std::string& path) {
    if (auto made = io::make_socket_directory(path); !made) return made;
    auto listener = io::UnixListener::make(path);
    if (!listener) return tl::unexpected<Error>(listener.error());
    listeners_.push_back(std::make_unique<io::UnixListener>(std::move(*listener)));
    io::UnixListener& one = *listeners_.back();
    return loop_.add(one.fd(), EPOLLIN, [this, &one](std::uint32_t) { accept(one); });
}

void Collector::accept(io::UnixListener& listener) {
    auto socket = listener.accept();
    if (!socket) return context_.log.warning(socket.error().text());
    if (!socket->is_open()) return;
    if (auto added = add_sender(std::move(*socket), true); !added)
        context_.log.warning(added.error().text());
}

Result<void> Collector::add_sender(io::Fd in, bool is_socket) {
    auto sender = std::make_unique<Sender>(loop_, std::move(in), is_socket, context_.hello("logs"),
                                           *journal_, totals_);
    if (auto started = sender->start(); !started) return started;
    if (!reads_) sender->set_reading(false);
    senders_.push_back(std::move(sender));
    return {};
}
