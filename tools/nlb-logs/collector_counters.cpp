// SPDX-License-Identifier: Apache-2.0
// What a collector tells of itself: totals on standard error, counter lines on standard output.
#include "collector.hpp"

#include "io/clock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <utility>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

Result<void> Collector::open_counters() {
    if (options_.counters_interval_seconds == 0) return {};
    const int out = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    if (out < 0) return io::sys_error("standard output");
    auto link = io::MessageLink::make(
        loop_, io::Fd(), io::Fd(out), context_.hello("logs"),
        {.on_event = {}, .on_batch = {}, .on_closed = [this](const Result<void>& how) {
             if (!how) context_.log.warning("counters: " + how.error().text());
         }});
    if (!link) return tl::unexpected<Error>(link.error());
    counters_ = std::move(*link);
    keep_saying();
    return {};
}

void Collector::keep_saying() {
    say_counters();
    const auto seconds = static_cast<std::int64_t>(options_.counters_interval_seconds);
    loop_.at(io::now() + Nanos::seconds(seconds), [this](Nanos) { keep_saying(); });
}

std::vector<std::pair<std::string, std::uint64_t>> Collector::counters() const {
    return {{"log_entries_taken", totals_.taken},
            {"log_entries_off", totals_.off},
            {"log_entries_refused", totals_.refused},
            {"log_entries_delivered", delivered_},
            {"log_files_delivered", files_delivered_},
            {"log_bytes_delivered", delivered_bytes_},
            {"log_delivery_failures", failures_},
            {"log_spool_bytes", stored_bytes_ + journal_->bytes()}};
}

void Collector::say_counters() {
    if (!counters_) return;
    for (const auto& [name, value] : counters()) {
        contract::Counter line;
        line.name = name;
        line.value = value;
        counters_->put(line);
    }
    counters_->flush();
}

void Collector::log_statistics() {
    std::string text;
    for (const auto& [name, value] : counters())
        text += name + ' ' + std::to_string(value) + ", ";
    context_.log.notice(text + std::to_string(senders_.size()) + " senders");
    say_counters();
}
