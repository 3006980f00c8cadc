// SPDX-License-Identifier: Apache-2.0
// nlb-policy zonal-shift: moves the traffic of a zone away for a while.
#include "ask.hpp"
#include "commands.hpp"
#include "describe.hpp"

#include "app/table.hpp"

#include "base/text.hpp"
#include "contract/stream.hpp"

#include <charconv>
#include <memory>

namespace nlb::policy {

namespace {

struct Options {
    std::string action;
    std::string load_balancer;
    std::string zone;
    std::string expires_in;
    std::string comment;
    std::string socket = "unix:policy";
    bool json = false;
};

/// "90s", "30m", "2h", "1d".
Result<std::uint64_t> seconds_of(const std::string& text) {
    std::uint64_t count = 0;
    const char* end = text.data() + text.size();
    const auto [unit, problem] = std::from_chars(text.data(), end, count);
    constexpr std::uint64_t kMost = 1'000'000; // far beyond what is allowed, far from overflow
    if (problem == std::errc{} && end - unit == 1 && count <= kMost) {
        switch (*unit) {
        case 's': return count;
        case 'm': return count * 60;
        case 'h': return count * 60 * 60;
        case 'd': return count * 24 * 60 * 60;
        default: break;
        }
    }
    return fail(Errc::Usage, "--expires-in = " + in_quotes(text) +
                                 ": must be a number and s, m, h or d, as in 90m");
}

/// Are the words there that the action needs, and no others?
Result<void> check_words(const Options& options) {
    const bool starts = options.action == "start";
    const bool changes = starts || options.action == "update";
    if ((options.action != "list") == options.load_balancer.empty()) {
        return fail(Errc::Usage, options.action == "list"
                                     ? "list takes no LOAD_BALANCER"
                                     : options.action + " needs a LOAD_BALANCER");
    }
    if (starts == options.zone.empty()) {
        return fail(Errc::Usage, starts ? "start needs --zone" : "--zone is for start");
    }
    if (starts && (options.expires_in.empty() || options.comment.empty())) {
        return fail(Errc::Usage, "start needs --expires-in and --comment");
    }
    if (!changes && !(options.expires_in.empty() && options.comment.empty())) {
        return fail(Errc::Usage, "--expires-in and --comment are for start and update");
    }
    return {};
}

Result<contract::Request> request_of(const Options& options) {
    if (auto good = check_words(options); !good) return tl::unexpected<Error>(good.error());
    contract::Request request;
    request.what = "zonal-shift-" + options.action;
    if (!options.load_balancer.empty()) request.load_balancer = options.load_balancer;
    if (!options.zone.empty()) request.zone = options.zone;
    if (!options.comment.empty()) request.comment = options.comment;
    if (!options.expires_in.empty()) {
        const auto seconds = seconds_of(options.expires_in);
        if (!seconds) return tl::unexpected<Error>(seconds.error());
        request.expires_in_seconds = *seconds;
    }
    return request;
}

std::string text_of(const Said& said, bool json) {
    app::Table table({"LOAD BALANCER", "ZONE", "START", "EXPIRY", "COMMENT"});
    std::string lines;
    std::uint64_t seq = 0;
    for (const contract::Message& message : said.lines) {
        const auto* shift = std::get_if<contract::ZonalShift>(&message);
        if (shift == nullptr) continue;
        contract::encode(message, ++seq, lines);
        table.add({shift->load_balancer.value, shift->zone,
                   utc_text(static_cast<std::int64_t>(shift->start_ms)),
                   utc_text(static_cast<std::int64_t>(shift->expiry_ms)), shift->comment});
    }
    return json ? lines : table.text(app::stdout_is_terminal());
}

Result<int> zonal_shift(app::Context& context, const Options& options) {
    auto request = request_of(options);
    if (!request) return tl::unexpected<Error>(request.error());
    const auto said = ask(context, options.socket, *request);
    if (!said) return tl::unexpected<Error>(said.error());
    return app::print(text_of(*said, options.json)).map([] { return int{app::kDone}; });
}

} // namespace

app::Command zonal_shift_command() {
    return {
        "zonal-shift", "Move the traffic of a zone away for a while", [](app::Options& declare) {
            auto options = std::make_shared<Options>();
            declare.choice("ACTION", options->action, {"start", "update", "cancel", "list"},
                           {"", true}, "start, update, cancel or list");
            declare.text("LOAD_BALANCER", options->load_balancer, {""},
                         "Name or id of the load balancer");
            declare.text("--zone", options->zone, {"ZONE"}, "start: the zone to move away from");
            declare.text("--expires-in", options->expires_in, {"TIME"},
                         "start, update: from now, 1m to 72h; s, m, h or d behind the number");
            declare.text("--comment", options->comment, {"TEXT"},
                         "start, update: why; at most 128 characters");
            declare.text("--socket", options->socket, {"SOCKET"},
                         "Where nlb-policy run listens (default: unix:policy)");
            declare.flag("--json", options->json, "One JSON object a shift");
            return [options](app::Context& context) { return zonal_shift(context, *options); };
        }};
}

} // namespace nlb::policy
