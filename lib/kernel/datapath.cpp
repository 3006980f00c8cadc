// SPDX-License-Identifier: Apache-2.0
#include "kernel/datapath.hpp"

#include "bpf/nlb_maps.h"
#include "kernel/neighbors.hpp"
#include "kernel/netlink.hpp"
#include "kernel/rights.hpp"

#include "io/clock.hpp"

#include "base/text.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <net/if.h>
#include <sys/epoll.h>

#include <algorithm>
#include <atomic>
#include <numeric>

namespace nlb::kernel {

namespace {

/// Route exceptions (path MTU) change without a netlink message.
constexpr Nanos kOldestHop = Nanos::seconds(5);
constexpr std::size_t kMostLooks = 256;      ///< at neighbors, at once
constexpr std::uint32_t kLastEpoch = 0xffff; // 0 is "no hop"

std::string needs_forwarding(const Interface& interface, std::string_view family) {
    return "interface " + in_quotes(interface.name) + " does not forward: sysctl -w net." +
           std::string(family) + ".conf." + interface.name + ".forwarding=1 makes it";
}

/// What is left to the host's stack, such as packets to be split, has the node's own source by
/// then.
std::string needs_accept_local(const Interface& interface) {
    return "interface " + in_quotes(interface.name) +
           " drops packets that the host must split: sysctl -w net.ipv4.conf." + interface.name +
           ".accept_local=1 lets them in";
}

Result<void> remove_everything(const Pins& pins) {
    Attacher attacher(pins, {});
    for (const std::string& interface : attacher.attached()) {
        if (auto done = attacher.detach(interface); !done) return done;
    }
    return pins.remove_all();
}

} // namespace

Datapath::Datapath(io::EventLoop& loop, Options options, Pins pins, io::Fd lock, Programs programs)
    : loop_(loop), options_(std::move(options)), pins_(std::move(pins)), lock_(std::move(lock)),
      programs_(std::move(programs)) {
}

Datapath::~Datapath() {
    loop_.cancel(epoch_timer_);
    if (routing_.is_open()) loop_.remove(routing_.get());
}

Result<std::unique_ptr<Datapath>> Datapath::start(io::EventLoop& loop, Options options) {
    if (auto may = check_rights(); !may) return tl::unexpected<Error>(may.error());
    Pins pins(options.node);
    auto lock = pins.create();
    if (!lock) return tl::unexpected<Error>(lock.error());
    const bool is_first = pins.names().empty();
    auto programs = Programs::open(pins, {options.most_flows, options.on_notice});
    if (!programs) return tl::unexpected<Error>(programs.error());
    std::unique_ptr<Datapath> datapath(
        new Datapath(loop, std::move(options), pins, std::move(*lock), std::move(*programs)));
    auto done = datapath->begin();
    if (done) return datapath;
    if (is_first) (void)remove_everything(pins); // the first error is the one to tell
    return tl::unexpected<Error>(done.error());
}

Result<void> Datapath::begin() {
    if (auto done = attach(); !done) return done;
    if (auto done = watch_routing(); !done) return done;
    return watch_flows();
}

Result<void> Datapath::open_tables() {
    auto tables = io::BpfTables::open(programs_.map_set());
    if (!tables) return tl::unexpected<Error>(tables.error());
    tables_.emplace(std::move(*tables));
    auto labels = Labels::open(programs_.map_set());
    if (!labels) return tl::unexpected<Error>(labels.error());
    labels_.emplace(std::move(*labels));
    auto flows = io::FlowMaps::open(programs_.map_set());
    if (!flows) return tl::unexpected<Error>(flows.error());
    flows_.emplace(std::move(*flows));
    return mark_gateways();
}

Attacher Datapath::attacher() {
    return {pins_, [this](io::Hook hook) -> Result<int> {
                auto program = programs_.get(hook);
                if (!program || tables_) return program;
                if (auto done = open_tables(); !done) return tl::unexpected<Error>(done.error());
                return program;
            }};
}

Result<void> Datapath::attach() {
    Attacher attacher = this->attacher();
    // A device that comes back may be of another kind, and the right to load is gone by then.
    if (options_.hook == HookChoice::Auto) {
        for (const io::Hook hook : {io::Hook::Tc, io::Hook::Xdp}) {
            if (auto program = programs_.get(hook); !program)
                return tl::unexpected<Error>(program.error());
        }
        if (auto done = open_tables(); !done) return done;
    }
    for (const std::string& name : options_.interfaces) {
        if (auto done = attach_one(attacher, name); !done) return done;
    }
    return detach_others(attacher);
}

Result<void> Datapath::attach_one(Attacher& attacher, const std::string& name) {
    auto interface = find_interface(name);
    if (!interface) return tl::unexpected<Error>(interface.error());
    if (!interface->forwards_v4) options_.on_notice(needs_forwarding(*interface, "ipv4"));
    if (interface->forwards_v4 && !interface->accepts_local)
        options_.on_notice(needs_accept_local(*interface));
    auto attachment = attacher.attach(*interface, options_.hook);
    if (!attachment) return tl::unexpected<Error>(attachment.error());
    attached_[name] = {interface->index, attachment->how};
    options_.on_notice("interface " + in_quotes(name) + ": " + attachment->how +
                       (attachment->was_there ? ", taken over" : ""));
    if (attachment->hook == io::Hook::Xdp && interface->kind == "veth")
        options_.on_notice("interface " + in_quotes(name) +
                           ": its peer must complete checksums itself (ethtool -K PEER tx off)");
    return {};
}

/// A device that was made anew under an old name has lost its programs.
void Datapath::attach_again() {
    for (auto& [name, attached] : attached_) {
        const unsigned now = ::if_nametoindex(name.c_str());
        if (now == attached.index) continue;
        attached = {now, ""};
        if (now == 0) {
            options_.on_notice("interface " + in_quotes(name) + " is gone");
            continue;
        }
        Attacher attacher = this->attacher();
        auto done = attach_one(attacher, name);
        if (done) done = mark_gateways();
        if (!done) options_.on_notice(done.error().text());
    }
}

/// What an earlier process had attached and this one was not told.
Result<void> Datapath::detach_others(Attacher& attacher) {
    for (const std::string& name : attacher.attached()) {
        const auto& wanted = options_.interfaces;
        if (std::find(wanted.begin(), wanted.end(), name) != wanted.end()) continue;
        if (auto done = attacher.detach(name); !done) return done;
        options_.on_notice("interface " + in_quotes(name) + ": detached");
    }
    return {};
}

Result<void> Datapath::mark_gateways() {
    const int cpus = libbpf_num_possible_cpus();
    if (options_.new_flows != 0 && cpus > 0)
        tables_->state().new_flows = static_cast<std::uint32_t>(
            std::max<std::uint64_t>(1, options_.new_flows / static_cast<std::uint64_t>(cpus)));
    else
        tables_->state().new_flows = 0;
    std::uint32_t key = 0;
    while (bpf_map_get_next_key(programs_.map("nlb_gateways"), nullptr, &key) == 0)
        bpf_map_delete_elem(programs_.map("nlb_gateways"), &key);
    for (const std::string& name : options_.gateways) {
        const std::uint32_t index = ::if_nametoindex(name.c_str());
        const std::uint32_t one = 1;
        if (index == 0)
            return fail(Errc::Usage,
                        "--internet-gateway " + in_quotes(name) + ": there is no such interface");
        if (bpf_map_update_elem(programs_.map("nlb_gateways"), &index, &one, BPF_ANY) != 0)
            return io::sys_error("write to BPF map nlb_gateways");
    }
    return {};
}

Result<void> Datapath::watch_routing() {
    auto fd = kernel::watch_routing();
    if (!fd) return tl::unexpected<Error>(fd.error());
    routing_ = std::move(*fd);
    auto added = loop_.add(routing_.get(), EPOLLIN, [this](std::uint32_t) {
        if (!drain(routing_.get())) return;
        attach_again();
        next_epoch();
    });
    if (!added) return added;
    next_epoch(); // routes may have changed since the last process
    next_epoch_later();
    return {};
}

Result<void> Datapath::watch_flows() {
    Sweeper::Handlers handlers;
    handlers.on_ended = options_.on_ended;
    handlers.on_sign = options_.on_sign;
    handlers.target_flags = [this](std::uint32_t index, std::uint32_t generation) {
        return target_flags(index, generation);
    };
    handlers.on_walked = [this](Nanos until) {
        tables_->state().told_ns = static_cast<std::uint64_t>(until.ns);
    };
    sweeper_ = std::make_unique<Sweeper>(loop_, *flows_, std::move(handlers));
    tables_->state().tells_closed = options_.on_ended ? 1 : 0;
    sweeper_->start({static_cast<std::int64_t>(tables_->state().told_ns)});
    auto events = Events::open(loop_, programs_.map("nlb_events"),
                               [this](const nlb_flow_event& event) { sweeper_->take(event); });
    if (!events) return tl::unexpected<Error>(events.error());
    events_ = std::move(*events);
    return {};
}

std::uint32_t Datapath::target_flags(std::uint32_t index, std::uint32_t generation) const {
    const auto targets = tables_->targets();
    if (index >= targets.size() || targets[index].generation != generation) return 0;
    return targets[index].flags;
}

std::map<std::string, std::string> Datapath::hooks() const {
    std::map<std::string, std::string> hooks;
    for (const auto& [name, attached] : attached_)
        hooks.emplace(name, attached.how);
    return hooks;
}

Result<std::uint64_t> Datapath::lost_events() const {
    const int cpus = libbpf_num_possible_cpus();
    if (cpus < 0) return io::sys_error("number of CPUs", -cpus);
    std::vector<std::uint64_t> per_cpu(static_cast<std::size_t>(cpus));
    const std::uint32_t zero = 0;
    if (bpf_map_lookup_elem(programs_.map("nlb_lost_events"), &zero, per_cpu.data()) != 0)
        return io::sys_error("read BPF map nlb_lost_events");
    return std::accumulate(per_cpu.begin(), per_cpu.end(), std::uint64_t{0});
}

void Datapath::next_epoch() {
    auto& epoch = tables_->state().hop_epoch;
    std::atomic_ref(epoch).store(epoch % kLastEpoch + 1, std::memory_order_relaxed);
}

void Datapath::next_epoch_later() {
    epoch_timer_ = loop_.at(io::now() + kOldestHop, [this](Nanos) {
        look_at_neighbors();
        next_epoch();
        next_epoch_later();
    });
}

/// Forwarded packets do not make the kernel look whether link addresses still hold. Those that
/// cannot be looked at now are looked at later.
void Datapath::look_at_neighbors() {
    std::vector<unsigned> interfaces;
    for (const auto& [name, attached] : attached_)
        interfaces.push_back(attached.index);
    const auto stale = stale_neighbors(interfaces);
    if (!stale) return;
    for (const Neighbor& neighbor : std::span(*stale).first(std::min(stale->size(), kMostLooks)))
        (void)use(neighbor);
}

Result<void> Datapath::apply(const flow::Tables& tables) {
    if (auto done = labels_->update(tables); !done) return done;
    return tables_->write(tables);
}

flow::Tables Datapath::remembered() const {
    return labels_->remembered(tables_->targets());
}

Result<void> detach(const std::string& node) {
    const Pins pins(node);
    if (!pins.exists())
        return fail(Errc::Usage, "--node " + in_quotes(node) + ": nothing is attached for it");
    const auto lock = pins.create();
    if (!lock) return tl::unexpected<Error>(lock.error());
    return remove_everything(pins);
}

} // namespace nlb::kernel
