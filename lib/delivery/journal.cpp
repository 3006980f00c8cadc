// SPDX-License-Identifier: Apache-2.0
#include "delivery/journal.hpp"

#include "accesslog/entry.hpp"
#include "accesslog/timestamp.hpp"

#include <sys/random.h>

#include <array>
#include <utility>

namespace nlb::delivery {

namespace {

constexpr WallTime kLatest{253'402'300'799'999}; // 9999-12-31T23:59:59.999

/// Eight lower-case letters and digits, as the names of the field have them.
std::string random_text() {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz012345";
    std::array<unsigned char, 8> bytes{};
    io::retry([&] { return ::getrandom(bytes.data(), bytes.size(), 0); });
    std::string text;
    for (const unsigned char byte : bytes)
        text += kLetters[byte % kLetters.size()];
    return text;
}

} // namespace

Journal::Journal(Options options, Where where)
    : options_(std::move(options)), where_(std::move(where)), rotation_(options_.rotation),
      entry_writer_(options_.form) {
}

Journal::Taken Journal::refuse(std::string_view why) {
    why_ = why;
    return Taken::Refused;
}

void Journal::look_up(std::string_view load_balancer) {
    if (known_load_balancer_ == load_balancer) return;
    place_ = where_(load_balancer);
    known_load_balancer_ = load_balancer;
}

Journal::Taken Journal::take_line(std::string_view line, WallTime now) {
    accesslog::Entry entry;
    const auto problem = accesslog::split(line, entry);
    if (problem != accesslog::Problem::None) return refuse(to_text(problem));
    const auto time = entry[accesslog::Field::Time];
    const auto seconds = time ? accesslog::parse_time(*time) : std::nullopt;
    if (!seconds) return refuse(to_text(accesslog::Problem::BadTime));
    line_ = line;
    line_ += '\n';
    return put(accesslog::LogKind::Access, entry[accesslog::Field::Elb].value_or(""),
               {*seconds * 1000}, line_, now);
}

Journal::Taken Journal::take(const contract::TlsConnection& connection, WallTime now) {
    line_.clear();
    entry_writer_.append(connection, line_);
    return put(accesslog::LogKind::Access, connection.elb.value,
               {static_cast<std::int64_t>(connection.time_ms)}, line_, now);
}

Journal::Taken Journal::take(const contract::Flow& flow, WallTime now) {
    if (!accesslog::is_wanted(options_.flows, flow)) return Taken::Off;
    if (const std::string_view problem = accesslog::problem_of(flow); !problem.empty())
        return refuse(problem);
    if (!flow.load_balancer) return refuse("a flow without load_balancer");
    line_.clear();
    accesslog::append_vpc_flow_records(flow, line_);
    return put(accesslog::LogKind::Flow, flow.load_balancer->value,
               {static_cast<std::int64_t>(flow.start_ms + flow.duration_ms)}, line_, now);
}

Journal::Taken Journal::put(accesslog::LogKind kind, std::string_view load_balancer, WallTime time,
                            std::string_view lines, WallTime now) {
    if (known_load_balancer_ != load_balancer && !accesslog::is_resource_id(load_balancer))
        return refuse("the id of its load balancer cannot be part of a file name");
    if (time < WallTime{0} || time > kLatest) return refuse("its time is not of 1970 to 9999");
    look_up(load_balancer);
    if (!place_) return Taken::Off;
    writer_for(kind, load_balancer, time, lines.size(), now).add(lines);
    return Taken::Held;
}

SegmentWriter& Journal::writer_for(accesslog::LogKind kind, std::string_view load_balancer,
                                   WallTime time, std::size_t bytes, WallTime now) {
    const auto& file = rotation_.feed(kind, load_balancer, time, bytes, now);
    if (file.number == last_number_) return *last_writer_;
    auto found = writers_.find(file.number);
    if (found == writers_.end()) {
        SegmentHead head{
            {kind, options_.account, options_.region, file.load_balancer, file.end, random_text()},
            *place_};
        std::string path = options_.folder + '/' + accesslog::file_name(head.label, ".segment");
        found = writers_.try_emplace(file.number, std::move(path), std::move(head)).first;
    }
    last_number_ = file.number;
    last_writer_ = &found->second;
    return *last_writer_;
}

Result<void> Journal::flush() {
    collect_ended();
    Result<void> all;
    for (SegmentWriter& writer : ended_) {
        if (auto written = writer.flush(); !written) all = written;
    }
    for (auto& [number, writer] : writers_) {
        if (auto written = writer.flush(); !written) all = written;
    }
    return all;
}

Result<void> Journal::sync() {
    for (auto& [number, writer] : writers_) {
        if (auto synced = writer.sync(); !synced) return synced;
    }
    for (SegmentWriter& writer : ended_) {
        if (auto synced = writer.sync(); !synced) return synced;
    }
    return {};
}

void Journal::tick(WallTime now) {
    rotation_.tick(now);
    collect_ended();
}

void Journal::end_all() {
    rotation_.end_all();
    collect_ended();
    known_load_balancer_.clear();
}

void Journal::collect_ended() {
    for (const std::uint64_t number : rotation_.drain()) {
        const auto writer = writers_.find(number);
        if (writer == writers_.end()) continue;
        ended_.push_back(std::move(writer->second));
        writers_.erase(writer);
        if (number == last_number_) last_number_ = 0;
    }
}

std::vector<StoredSegment> Journal::drain() {
    std::vector<StoredSegment> ended;
    std::vector<SegmentWriter> unwritten;
    for (SegmentWriter& writer : ended_) {
        if (writer.held_bytes() > 0)
            unwritten.push_back(std::move(writer));
        else
            ended.push_back({writer.path(), writer.place().bucket, writer.bytes()});
    }
    ended_ = std::move(unwritten);
    return ended;
}

std::uint64_t Journal::bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [number, writer] : writers_)
        sum += writer.bytes() + writer.held_bytes();
    for (const SegmentWriter& writer : ended_)
        sum += writer.bytes() + writer.held_bytes();
    return sum;
}

} // namespace nlb::delivery
