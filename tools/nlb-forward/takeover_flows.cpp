// SPDX-License-Identifier: Apache-2.0
// --takeover: UDP flows, each with the socket that leads to its target.
#include "takeover.hpp"
#include "takeover_lines.hpp"

#include <algorithm>
#include <map>
#include <utility>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr std::size_t kLongestText = 4096; // that is not split

/// Several lines and their descriptors at once.
class Sender {
  public:
    explicit Sender(int socket) : socket_(socket) {}

    Result<void> put(const contract::UdpFlow& flow, int descriptor) {
        const std::string line = takeover::line_of(flow);
        const bool is_full = text_.size() + line.size() > kLongestText ||
                             descriptors_.size() == io::kMostDescriptors;
        if (is_full) {
            if (auto sent = flush(); !sent) return sent;
        }
        text_ += line;
        if (descriptor >= 0) descriptors_.push_back(descriptor);
        return {};
    }

    Result<void> flush() {
        if (text_.empty()) return {};
        auto sent = io::send_descriptors(socket_, text_, descriptors_, takeover::kPatience);
        text_.clear();
        descriptors_.clear();
        return sent;
    }

  private:
    int socket_;
    std::string text_;
    std::vector<int> descriptors_;
};

contract::UdpFlow line_of(const proxy::HandedFlow& flow, std::size_t leads_by) {
    const proxy::FlowLabel& label = *flow.label;
    const Endpoint& listener = label.listener->address;
    contract::UdpFlow line;
    line.address = listener.address;
    line.port = listener.port;
    line.socket = flow.socket;
    line.client_address = flow.client.address;
    line.client_port = flow.client.port;
    line.target = label.target;
    line.target_address = label.endpoint.address;
    line.target_port = label.endpoint.port;
    line.leads_by = leads_by;
    line.age_ms = static_cast<std::uint64_t>(flow.age_ms);
    line.idle_ms = static_cast<std::uint64_t>(flow.idle_ms);
    line.client_bytes = flow.client_bytes;
    line.target_bytes = flow.target_bytes;
    line.client_datagrams = flow.client_datagrams;
    line.target_datagrams = flow.target_datagrams;
    return line;
}

/// Numbers of sockets are those of a worker: `first` makes them different from the others'.
Result<void> send(Sender& sender, const proxy::UdpHandover& handover, std::size_t first) {
    std::map<std::size_t, int> unsent;
    for (const auto& [number, socket] : handover.sockets)
        unsent.emplace(number, socket.get());
    for (const proxy::HandedFlow& flow : handover.flows) {
        contract::UdpFlow line = line_of(flow, first + flow.leads_by);
        const auto comes = unsent.extract(flow.leads_by);
        if (comes) line.comes = true;
        if (auto sent = sender.put(line, comes ? comes.mapped() : -1); !sent) return sent;
    }
    return {};
}

std::uint16_t port_of(std::uint64_t number) {
    return static_cast<std::uint16_t>(number <= 65535 ? number : 0);
}

} // namespace

void Takeover::send_flows(const std::vector<proxy::UdpHandover>& handovers) {
    if (!heir_.is_open()) return;
    Sender sender(heir_.get());
    Result<void> sent;
    std::size_t first = 0;
    for (const proxy::UdpHandover& handover : handovers) {
        if (sent) sent = send(sender, handover, first);
        std::size_t next = first;
        for (const auto& [number, socket] : handover.sockets)
            next = std::max(next, first + number + 1);
        first = next;
    }
    if (sent) sent = sender.flush();
    warn_unless(sent);
    heir_.reset();
}

/// One whose socket did not come, or whose ports are none, is left out.
void Takeover::take_flow(const contract::UdpFlow& line) {
    std::vector<io::Fd> came = offer_.take(line.comes.value_or(false) ? 1 : 0);
    proxy::UdpArrival arrival;
    arrival.place = {{line.address, port_of(line.port)}, proxy::Transport::Udp};
    arrival.target = line.target;
    arrival.target_at = {line.target_address, port_of(line.target_port)};
    proxy::HandedFlow& flow = arrival.flow;
    flow.socket = line.socket;
    flow.client = {line.client_address, port_of(line.client_port)};
    flow.leads_by = line.leads_by;
    constexpr std::uint64_t kLongest = 1ULL << 40U; // ms
    flow.age_ms = static_cast<std::int64_t>(std::min(line.age_ms, kLongest));
    flow.idle_ms = static_cast<std::int64_t>(std::min(line.idle_ms, kLongest));
    flow.client_bytes = line.client_bytes;
    flow.target_bytes = line.target_bytes;
    flow.client_datagrams = line.client_datagrams;
    flow.target_datagrams = line.target_datagrams;
    handlers_.on_flow(arrival, came.empty() ? io::Fd() : std::move(came.front()));
}
