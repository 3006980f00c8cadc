// SPDX-License-Identifier: Apache-2.0
// One connection to `nlb-policy run`: what it is told, and what it says.
#pragma once

#include "merger.hpp"
#include "pace.hpp"

#include "app/context.hpp"
#include "io/message_link.hpp"

#include "route/backlog.hpp"
#include "route/intake.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nlb::policy {

class Client {
  public:
    /// What all clients share; outlives them.
    struct Surroundings {
        app::Context& context;
        io::EventLoop& loop;
        route::Publisher& publisher;
        Merger& merger;
        Pace& pace;
        std::function<void(const contract::TargetEvidence&)> on_evidence; ///< of a forwarder
        std::function<void(const contract::Request&, contract::StreamWriter&)> on_request;
    };

    static Result<std::unique_ptr<Client>> make(const Surroundings& around, io::Fd socket,
                                                std::uint64_t number);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// New sets exist: those that this client's role gets are owed to it.
    void owe(const route::Published& published);

    /// Sends what is owed when the client has taken what it was sent before, so that one that
    /// does not read costs one round of sets and delays nobody.
    void pay();

    /// What flows showed, to those who check.
    void pass_on(const contract::TargetEvidence& evidence);

    /// Who this is, as a line.
    [[nodiscard]] contract::Peer peer() const;

    /// The listeners it has told of.
    [[nodiscard]] std::vector<contract::ListenerState> listeners() const;

    /// The connection is gone; delete the client, outside of its own calls.
    [[nodiscard]] bool ended() const { return ended_; }

    /// One line for the statistics.
    [[nodiscard]] std::string summary() const;

  private:
    enum class Role : std::uint8_t { None, Health, Forward, Observer, Control };

    struct ListenerStanding {
        contract::ListenerState state;
        std::string words;
    };

    Client(Surroundings around, std::uint64_t number)
        : around_(std::move(around)), number_(number) {}

    static Role role_of(std::string_view role);
    void take(const contract::Event& event);
    void take_message(const contract::Message& message);
    void greet(const contract::Hello& hello);
    void owe_everything();
    void note(const contract::ListenerState& state);
    void note(const contract::RouteApplied& applied);
    void note(const contract::TargetEvidence& evidence);
    void note(const std::vector<route::HealthChange>& changes);
    [[nodiscard]] std::vector<contract::Set>
    sets(const std::vector<model::TargetGroupId>& scopes) const;
    void complain(const std::string& why);
    void want_snapshot(const std::string& why);
    void closed(const Result<void>& how);
    [[nodiscard]] std::string name() const;

    Surroundings around_;
    std::uint64_t number_;
    std::unique_ptr<io::MessageLink> link_;
    route::Intake intake_;
    route::Backlog backlog_;
    Role role_ = Role::None;
    health::Voter voter_; // as its hello has it
    std::map<std::pair<std::string, std::string>, ListenerStanding> listeners_; // id, zone
    std::uint64_t sent_generation_ = 0;
    std::uint64_t applied_generation_ = 0;
    std::uint64_t complaints_ = 0;
    io::EventLoop::TimerId request_ = 0; // the snapshot-request that is due, 0: none
    Nanos next_request_;
    bool ended_ = false;
};

} // namespace nlb::policy
