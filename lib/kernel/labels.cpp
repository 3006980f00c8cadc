// SPDX-License-Identifier: Apache-2.0
#include "kernel/labels.hpp"

#include "bpf/nlb_maps.h"

#include "base/enum_text.hpp"
#include "base/text.hpp"

#include <bpf/bpf.h>

#include <charconv>
#include <cstring>
#include <optional>
#include <string>

namespace nlb::kernel {

namespace {

constexpr const char* kTargets = "nlb_target_ids";
constexpr const char* kListeners = "nlb_listener_ids";

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        lines.emplace_back(text.substr(0, end));
        text = end == std::string_view::npos ? "" : text.substr(end + 1);
    }
    return lines;
}

std::optional<Endpoint> endpoint_of(const std::string& address, const std::string& port) {
    const auto parsed = IpAddress::parse(address);
    std::uint16_t number = 0;
    const auto end = std::from_chars(port.data(), port.data() + port.size(), number);
    if (!parsed || end.ec != std::errc() || end.ptr != port.data() + port.size())
        return std::nullopt;
    return Endpoint{*parsed, number};
}

std::string text_of(const TargetLabel& label) {
    return label.group.value + "\n" + label.id.value + "\n" + label.endpoint.address.text() + "\n" +
           std::to_string(label.endpoint.port);
}

std::string text_of(const ListenerLabel& label) {
    return label.id.value + "\n" + label.load_balancer.value + "\n" + label.zone + "\n" +
           label.group.value + "\n" + std::string(to_text(label.protocol)) + "\n" +
           label.endpoint.address.text() + "\n" + std::to_string(label.endpoint.port) + "\n" +
           (label.is_in_use ? "in-use" : "free");
}

std::optional<TargetLabel> read_target(std::string_view text) {
    const auto lines = lines_of(text);
    if (lines.size() != 4) return std::nullopt;
    const auto endpoint = endpoint_of(lines[2], lines[3]);
    if (!endpoint) return std::nullopt;
    return TargetLabel{model::TargetGroupId{lines[0]}, model::TargetId{lines[1]}, *endpoint};
}

std::optional<ListenerLabel> read_listener(std::string_view text) {
    const auto lines = lines_of(text);
    if (lines.size() != 8) return std::nullopt;
    const auto endpoint = endpoint_of(lines[5], lines[6]);
    const auto protocol = from_text<model::Protocol>(lines[4]);
    if (!endpoint || !protocol) return std::nullopt;
    ListenerLabel label;
    label.id = model::ListenerId{lines[0]};
    label.load_balancer = model::LoadBalancerId{lines[1]};
    label.zone = lines[2];
    label.group = model::TargetGroupId{lines[3]};
    label.protocol = *protocol;
    label.endpoint = *endpoint;
    label.is_in_use = lines[7] == "in-use";
    return label;
}

/// A label that cannot be read is of no use to anybody and is left out.
template <class Label, class Read>
std::map<std::uint32_t, Label> read_all(int map, Read read) {
    std::map<std::uint32_t, Label> labels;
    std::uint32_t key = 0;
    const std::uint32_t* previous = nullptr;
    while (bpf_map_get_next_key(map, previous, &key) == 0) {
        nlb_label value{};
        if (bpf_map_lookup_elem(map, &key, &value) == 0) {
            const auto end = ::strnlen(value.text, sizeof value.text);
            if (auto label = read(std::string_view(value.text, end))) labels.emplace(key, *label);
        }
        previous = &key;
    }
    return labels;
}

template <class Label>
Result<void> write(const io::MapSet& maps, const char* name, std::uint32_t index,
                   const Label& label) {
    const std::string text = text_of(label);
    nlb_label value{};
    if (text.size() >= sizeof value.text)
        return fail(Errc::System, "the names of " + in_quotes(label.id.value) +
                                      " are too long for the kernel's table");
    std::memcpy(value.text, text.data(), text.size());
    if (bpf_map_update_elem(maps.fd(name), &index, &value, BPF_ANY) != 0)
        return io::sys_error("write to BPF map " + std::string(name));
    return {};
}

/// Writes the label unless it is there already.
template <class Label>
Result<void> put(const io::MapSet& maps, const char* name, std::uint32_t index, const Label& label,
                 std::map<std::uint32_t, Label>& known) {
    const auto at = known.find(index);
    if (at != known.end() && text_of(at->second) == text_of(label)) return {};
    if (auto done = write(maps, name, index, label); !done) return done;
    known.insert_or_assign(index, label);
    return {};
}

} // namespace

Result<Labels> Labels::open(io::MapSet maps) {
    Labels labels(std::move(maps));
    labels.targets_ = read_all<TargetLabel>(labels.maps_.fd(kTargets), read_target);
    labels.listeners_ = read_all<ListenerLabel>(labels.maps_.fd(kListeners), read_listener);
    return labels;
}

Result<void> Labels::update(const flow::Tables& tables) {
    const auto targets = tables.targets();
    for (std::uint32_t i = 0; i < targets.size(); ++i) {
        if ((targets[i].value.flags & NLB_TARGET_REGISTERED) == 0) continue;
        const TargetLabel label{targets[i].group, targets[i].id, targets[i].endpoint};
        if (auto done = put(maps_, kTargets, i, label, targets_); !done) return done;
    }
    const auto listeners = tables.listeners();
    for (std::uint32_t i = 0; i < listeners.size(); ++i) {
        const flow::ListenerEntry& entry = listeners[i];
        const ListenerLabel* known = listener(i);
        if (!entry.is_in_use && known == nullptr) continue;
        ListenerLabel label = known != nullptr ? *known : ListenerLabel{};
        if (entry.is_in_use) label = {entry, tables.groups()[entry.value.group].id};
        label.value = {};
        label.is_in_use = entry.is_in_use;
        if (auto done = put(maps_, kListeners, i, label, listeners_); !done) return done;
    }
    return {};
}

const TargetLabel* Labels::target(std::uint32_t index) const {
    const auto at = targets_.find(index);
    return at == targets_.end() ? nullptr : &at->second;
}

const ListenerLabel* Labels::listener(std::uint32_t index) const {
    const auto at = listeners_.find(index);
    return at == listeners_.end() ? nullptr : &at->second;
}

flow::Tables Labels::remembered(std::span<const nlb_target> targets) const {
    std::vector<flow::TargetEntry> entries;
    for (const auto& [index, label] : targets_) {
        if (index >= targets.size()) continue;
        entries.resize(index + 1);
        entries[index] = {targets[index], label.group, label.id, label.endpoint};
    }
    flow::ListenerEntry free;
    free.is_in_use = false;
    std::vector<flow::ListenerEntry> listeners;
    for (const auto& [index, label] : listeners_) {
        listeners.resize(index + 1, free);
        if (label.is_in_use) listeners[index] = label;
    }
    return {std::move(listeners), std::vector<flow::GroupEntry>(1), {}, std::move(entries), {}};
}

} // namespace nlb::kernel
