// SPDX-License-Identifier: Apache-2.0
// nlb-logs replay: the entries that the TLS connections in a capture would have left.
#include "commands.hpp"

#include "app/configuration_file.hpp"
#include "capture/link.hpp"
#include "capture/reader.hpp"
#include "capture/segment.hpp"
#include "io/source.hpp"

#include "accesslog/entry_line.hpp"
#include "accesslog/observer.hpp"
#include "tls/names.hpp"

#include "base/text.hpp"

#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words
using accesslog::Observer;

namespace {

struct ReplayOptions {
    std::string capture;
    std::string config;
};

/// The TLS listeners of every load balancer, on each of its nodes' addresses.
std::vector<Observer::Listener> listeners_of(const model::Configuration& configuration) {
    std::vector<Observer::Listener> listeners;
    for (const model::LoadBalancer& balancer : configuration.load_balancers) {
        for (const model::Listener& listener : balancer.listeners) {
            if (listener.protocol != model::Protocol::Tls) continue;
            const bool has_alpn_policy = listener.alpn_policy != "None";
            for (const model::Zone& zone : balancer.zones) {
                listeners.push_back(
                    {{zone.address, listener.port}, balancer.id, listener.id, has_alpn_policy});
                if (!zone.ipv6_address) continue;
                listeners.push_back(listeners.back());
                listeners.back().at.address = *zone.ipv6_address;
            }
        }
    }
    return listeners;
}

/// What was said before encryption. TLS 1.3 hides what of its records is data, and CBC its padding.
std::optional<std::uint64_t> plain_bytes(const std::optional<Observer::Sealed>& sealed,
                                         std::optional<std::uint64_t> added) {
    if (!sealed) return std::nullopt;
    if (sealed->records == 0) return 0;
    if (!added || sealed->bytes < *added * sealed->records) return std::nullopt;
    return sealed->bytes - *added * sealed->records;
}

void complete(Observer::Ended& ended, const tls::Names& names) {
    std::optional<std::uint64_t> added;
    if (ended.choice) {
        added = names.added_bytes(ended.choice->cipher);
        ended.entry.tls_cipher = names.cipher(ended.choice->cipher);
        if (ended.choice->group) ended.entry.tls_named_group = names.group(*ended.choice->group);
    }
    ended.entry.received_bytes = plain_bytes(ended.received, added);
    ended.entry.sent_bytes = plain_bytes(ended.sent, added);
}

Result<void> read_all(capture::Reader& reader, Observer& observer) {
    const tls::Names names;
    accesslog::EntryWriter writer(accesslog::Form::Current);
    std::vector<std::uint8_t> frame;
    std::string lines;
    for (;;) {
        const auto packet = reader.next();
        if (!packet) return tl::unexpected<Error>(packet.error());
        if (*packet == nullptr) return {};
        if (!capture::to_ethernet((*packet)->link_type, (*packet)->bytes, frame)) continue;
        const auto segment = capture::read_segment(frame);
        if (!segment) continue;
        observer.take({(*packet)->time, segment->from, segment->to, segment->ack, segment->tcp});
        for (Observer::Ended& ended : observer.drain()) {
            complete(ended, names);
            writer.append(ended.entry, lines);
        }
        if (lines.empty()) continue;
        if (auto ok = app::print(std::exchange(lines, {})); !ok) return ok;
    }
}

Result<int> replay(app::Context& context, const ReplayOptions& options) {
    std::vector<Observer::Listener> listeners;
    if (!options.config.empty()) {
        auto configuration = app::load_configuration(context, options.config);
        if (!configuration) return tl::unexpected<Error>(configuration.error());
        listeners = listeners_of(*configuration);
        if (listeners.empty())
            return fail(Errc::Usage, in_quotes(options.config) + " has no TLS listener");
    }
    auto source = io::open_source(options.capture);
    if (!source) return tl::unexpected<Error>(source.error());
    const std::string name = options.capture == "-" ? "standard input" : in_quotes(options.capture);
    auto reader = capture::Reader::open(std::move(*source));
    if (!reader) return forward(reader.error(), name);
    Observer observer(std::move(listeners));
    if (auto ok = read_all(*reader, observer); !ok) return forward(ok.error(), name);
    if (observer.open() > 0) {
        context.log.notice(name + ": " + std::to_string(observer.open()) +
                           " connections had not ended and left no entry");
    }
    if (observer.ignored() == 0) return app::kDone;
    context.log.warning(name + ": " + std::to_string(observer.ignored()) +
                        " connections were too many at once and left out");
    return app::kInputPartlyBad;
}

} // namespace

app::Command replay_command() {
    return {"replay", "Print the entries that the TLS connections in a capture would have left",
            [](app::Options& declare) {
                auto options = std::make_shared<ReplayOptions>();
                declare.text("CAPTURE", options->capture, {"", true},
                             "pcap or pcapng, also gzip or zstd; - is standard input");
                declare.text("--config", options->config, {"FILE"},
                             "Only connections to its TLS listeners, whose ids the entries name");
                return [options](app::Context& context) { return replay(context, *options); };
            }};
}
