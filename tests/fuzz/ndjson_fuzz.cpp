// SPDX-License-Identifier: Apache-2.0
// Streams of messages: lines, decoder, sets. The first byte says in which pieces the rest comes.
// A set that comes out can be written and read again, and is then the same; the records of a flow
// have as many fields as their names.
#include "accesslog/vpc_flow_log.hpp"

#include "base/check.hpp"
#include "contract/sets.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

using namespace nlb::contract; // NOLINT(google-build-using-namespace)

namespace {

bool is_known(const Message& message) {
    return !std::holds_alternative<Unknown>(message);
}

void check_round_trip(const Set& set) {
    if (!std::all_of(set.lines.begin(), set.lines.end(), is_known)) return;
    Hello hello;
    hello.contract = kContractVersion;
    StreamWriter writer(hello);
    append_set(set, writer);
    const std::string bytes = writer.drain();
    StreamReader reader;
    SetAssembler assembler;
    bool found = false;
    for (const Event& event : reader.feed(bytes)) {
        if (std::holds_alternative<BadLine>(event.what)) return; // longer than a line may be
        auto outcome = assembler.take(event);
        const Set* again = std::get_if<Set>(&outcome);
        if (again == nullptr) continue;
        found = true;
        NLB_CHECK(again->lines == set.lines && again->scope == set.scope);
    }
    NLB_CHECK(found);
}

void check_records(const Flow& flow) {
    if (!nlb::accesslog::problem_of(flow).empty()) return;
    std::string lines;
    nlb::accesslog::append_vpc_flow_records(flow, lines);
    const auto count = [](std::string_view text, char c) {
        return std::count(text.begin(), text.end(), c);
    };
    const auto records = count(lines, '\n');
    NLB_CHECK(records == (flow.target_address ? 2 : 1));
    NLB_CHECK(count(lines, ' ') == records * count(nlb::accesslog::kVpcFlowLogHeader, ' '));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t step = data[0] + std::size_t{1};
    StreamReader reader;
    SetAssembler assembler;
    const auto take = [&](const std::vector<Event>& events) {
        for (const Event& event : events) {
            const auto* message = std::get_if<Message>(&event.what);
            const auto* flow = message == nullptr ? nullptr : std::get_if<Flow>(message);
            if (flow != nullptr) check_records(*flow);
            const auto outcome = assembler.take(event);
            if (const auto* set = std::get_if<Set>(&outcome)) check_round_trip(*set);
        }
    };
    for (std::size_t at = 1; at < size; at += step) {
        const std::string piece(data + at, data + std::min(size, at + step));
        take(reader.feed(piece));
    }
    take(reader.finish());
    return 0;
}
