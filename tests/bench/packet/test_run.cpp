// SPDX-License-Identifier: Apache-2.0
// What a packet costs in the kernel's program, without network: nanoseconds by BPF_PROG_TEST_RUN,
// each packet fresh (restore.bpf.c), the cost of making it fresh subtracted. Takes root.
//   bench_packet RESTORE_OBJECT [ROUNDS]
#include "bpf/nlb_maps.h"
#include "restore.h"
#include "support/packet_builder.hpp"
#include "support/route_lines.hpp"
#include "tables/build.hpp"

#include "io/bpf_program.hpp"
#include "io/bpf_tables.hpp"
#include "io/flow_maps.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using nlb::test::PacketBuilder;

constexpr std::uint32_t kZero = 0;
constexpr std::size_t kDefaultEntries = 1U << 20U; ///< as nlb-forward run has it

template <class T>
T need(nlb::Result<T> result, const char* what) {
    if (result) return std::move(*result);
    std::fprintf(stderr, "bench_packet: %s: %s\n", what, result.error().text().c_str());
    std::exit(4);
}

void need(nlb::Result<void> result, const char* what) {
    if (result) return;
    std::fprintf(stderr, "bench_packet: %s: %s\n", what, result.error().text().c_str());
    std::exit(4);
}

void need(bool ok, const char* what) {
    if (ok) return;
    std::fprintf(stderr, "bench_packet: %s: %s\n", what, std::strerror(errno));
    std::exit(4);
}

/// The program that is measured, live but for the routing table: hops are put into the flows.
struct Measured {
    nlb::io::BpfProgram program;
    nlb::io::BpfTables tables;
    nlb::flow::Tables built;
};

nlb::io::MapSet maps_of(const nlb::io::BpfProgram& program) {
    return {[&program](const std::string& name) { return program.map(name); }};
}

Measured load(std::size_t entries, bool preserve) {
    auto program = need(nlb::io::BpfProgram::open(nlb::io::Hook::Xdp), "open");
    need(program.size_flow_tables(entries), "size");
    need(program.load(), "load");
    std::vector<nlb::contract::Message> lines{nlb::test::listener_line(80),
                                              nlb::test::routing_line("tg-1", preserve)};
    for (int i = 1; i <= 4; ++i)
        lines.emplace_back(nlb::test::route_line("10.0.1." + std::to_string(i)));
    auto built = nlb::tables::build(lines).value();
    auto tables = need(nlb::io::BpfTables::open(maps_of(program)), "open tables");
    need(tables.write(built), "write tables");
    tables.state().hop_epoch = 1;
    nlb::io::begin_state(tables.state(), entries);
    return {std::move(program), std::move(tables), std::move(built)};
}

/// Runs packets of one kind through restore and, when it is in the slot, the measured program.
class Bench {
  public:
    explicit Bench(const char* path) : object_(bpf_object__open(path)) {
        need(object_ != nullptr, path);
        need(bpf_object__load(object_) == 0, "load restore");
        cell_ = bpf_object__find_map_fd_by_name(object_, "restore_cell");
        slot_ = bpf_object__find_map_fd_by_name(object_, "measured");
        program_ = bpf_program__fd(bpf_object__find_program_by_name(object_, "restore"));
        redirect_ = bpf_program__fd(bpf_object__find_program_by_name(object_, "redirect"));
    }

    void packets(const char* flags, std::uint32_t flows, bool random) {
        restore_ = {};
        restore_.flows = flows;
        restore_.random = random ? 1 : 0;
        const auto frame =
            PacketBuilder().from("10.64.0.1", 1024).flags(flags).payload("0123456789").build();
        std::copy(frame.begin(), frame.end(), restore_.frame);
        write();
    }

    /// Nanoseconds a packet of `count`.
    double run(std::uint32_t count, int measured_fd) {
        if (measured_fd >= 0)
            need(bpf_map_update_elem(slot_, &kZero, &measured_fd, BPF_ANY) == 0, "slot");
        else
            bpf_map_delete_elem(slot_, &kZero);
        std::uint8_t out[256];
        bpf_test_run_opts options{};
        options.sz = sizeof options;
        options.data_in = restore_.frame;
        options.data_size_in = RESTORE_BYTES;
        options.data_out = out;
        options.data_size_out = sizeof out;
        options.repeat = static_cast<int>(count);
        need(bpf_prog_test_run_opts(program_, &options) == 0, "test run");
        last_ = options.retval;
        return options.duration;
    }

    [[nodiscard]] std::uint32_t last() const { return last_; }

    /// A program that does nothing but bpf_redirect.
    [[nodiscard]] int redirect() const { return redirect_; }

  private:
    void write() {
        need(bpf_map_update_elem(cell_, &kZero, &restore_, BPF_ANY) == 0, "restore cell");
    }

    bpf_object* object_;
    restore restore_{};
    int cell_ = -1;
    int slot_ = -1;
    int program_ = -1;
    int redirect_ = -1;
    std::uint32_t last_ = 0;
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// Alone, with the program, alone, ...: the difference of the medians.
void measure(Bench& bench, int fd, const char* what, std::uint32_t count, int rounds) {
    std::vector<double> alone;
    std::vector<double> together;
    bench.run(count, fd);
    for (int i = 0; i < rounds; ++i) {
        alone.push_back(bench.run(count, -1));
        together.push_back(bench.run(count, fd));
    }
    std::printf("%-44s %6.0f ns  (restore %.0f, with it %.0f, action %u)\n", what,
                median(together) - median(alone), median(alone), median(together), bench.last());
    std::fflush(stdout);
}

/// The way out of every flow, as the frame would remember it.
void put_hops(const Measured& measured) {
    const std::uint32_t place = 7;
    const nlb_known_hop hop{1, {1, 1500, {2, 0, 0, 0, 0, 9}, {2, 0, 0, 0, 0, 8}}};
    need(bpf_map_update_elem(measured.program.map("nlb_hops"), &place, &hop, BPF_ANY) == 0, "hop");
    const auto flows = need(nlb::io::FlowMaps::open(maps_of(measured.program)), "open flows");
    for (std::size_t i = 0; i < flows.size(); ++i)
        flows.find_in_place(flows.read(i)->key)->hop = 1U << 16U | place;
}

void established(const char* path, std::uint32_t flows, int rounds) {
    Measured measured = load(std::max<std::size_t>(kDefaultEntries, 2U * flows + 16), true);
    Bench bench(path);
    bench.packets("S", flows, false);
    bench.run(std::max(flows, 1U), measured.program.fd());
    put_hops(measured);
    bench.packets("A", flows, true);
    const std::string what = "established, " + std::to_string(flows) + " flows at random";
    measure(bench, measured.program.fd(), what.c_str(), 2'000'000, rounds);
}

/// The table has the same size whatever is in it. Few enough that a target's source ports suffice.
void opened(const char* path, std::uint32_t before, bool preserve, int rounds) {
    constexpr std::uint32_t kCount = 10'000;
    Measured measured = load(2'400'000, preserve);
    Bench bench(path);
    bench.packets("S", 0, false);
    if (before != 0) bench.run(before, measured.program.fd());
    const std::string what = std::string("new flow, ") +
                             (preserve ? "client IP preserved, " : "source port claimed, ") +
                             std::to_string(before) + " flows there";
    measure(bench, measured.program.fd(), what.c_str(), kCount, rounds);
}

void redirected(const char* path, int rounds) {
    Bench bench(path);
    bench.packets("A", 1, false);
    measure(bench, bench.redirect(), "bpf_redirect alone", 2'000'000, rounds);
}

void guarded(const char* path, int rounds) {
    Measured measured = load(1024, true);
    measured.tables.state().new_flows = 1;
    Bench bench(path);
    bench.packets("S", 0, false);
    measure(bench, measured.program.fd(), "new flow above the guard's rate", 1'000'000, rounds);
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: bench_packet RESTORE_OBJECT [ROUNDS]\n");
        return 2;
    }
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 7;
    redirected(argv[1], rounds);
    for (const std::uint32_t flows : {1U, 100'000U, 1'000'000U})
        established(argv[1], flows, rounds);
    opened(argv[1], 0, true, rounds);
    opened(argv[1], 0, false, rounds);
    opened(argv[1], 1'000'000, true, rounds);
    guarded(argv[1], rounds);
    return 0;
}
