// SPDX-License-Identifier: Apache-2.0
// What a worker shows of its flows.
#include "proxy/worker.hpp"

namespace nlb::proxy {

LiveFlow Worker::shown(const Connection& connection, bool with_source) const {
    LiveFlow flow;
    flow.label = connection.label;
    flow.client = connection.client;
    if (with_source) flow.source = io::local_endpoint(connection.fd(Side::Target));
    const Session& session = connection.session;
    if (!session.is_connecting())
        flow.state = session.is_closing() ? FlowState::Closing : FlowState::Established;
    flow.client_bytes = session.received(Side::Client);
    flow.target_bytes = session.received(Side::Target);
    flow.age_ms = now_ms_ - connection.start_ms;
    flow.idle_ms = now_ms_ - connection.last_ms;
    return flow;
}

void Worker::show(const Question& question) {
    FlowPortion portion;
    portion.question = question.number;
    if (question.transport == Transport::Udp) {
        portion.is_last = udp_.show(question.place, question.with_source, now_ms_, portion.flows);
    } else {
        portion.is_last =
            connections_.visit(question.place, kPlacesShown, [&](const Connection& connection) {
                portion.flows.push_back(shown(connection, question.with_source));
            });
    }
    outbox_.shows(std::move(portion));
}

} // namespace nlb::proxy
