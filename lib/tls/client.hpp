// SPDX-License-Identifier: Apache-2.0
// The client side of TLS for health checks, as a machine over bytes in memory. It speaks TLS 1.0 to
// 1.2 and verifies no certificate [p.51: a target that supports only TLS 1.3 fails; checks do not
// validate certificates].
#pragma once

#include "base/result.hpp"

#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace nlb::tls {

/// OpenSSL reads its files now, instead of when it is first used: before a process gives up files.
void prepare();

/// What the sessions of all checks share.
class ClientContext {
  public:
    /// Errors: System, when OpenSSL refuses (its configuration file, or no memory).
    static Result<ClientContext> for_checks();

    [[nodiscard]] ssl_ctx_st* get() const { return context_.get(); }

  private:
    explicit ClientContext(ssl_ctx_st* context);

    std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> context_;
};

/// One connection. What has to go to the peer is in pending(); what came from it goes to feed().
class ClientSession {
  public:
    /// `context` must outlive it.
    explicit ClientSession(const ClientContext& context);

    /// Sends this as soon as the handshake is done.
    void write(std::string_view plaintext);

    /// Bytes came from the peer.
    void feed(std::string_view ciphertext);

    /// What the peer has said since the last call.
    std::string drain() { return std::exchange(plaintext_, {}); }

    /// What is to be sent to the peer; sent() tells how much was.
    [[nodiscard]] std::string_view pending() const {
        return std::string_view(to_peer_).substr(sent_);
    }

    void sent(std::size_t bytes);

    [[nodiscard]] bool is_established() const { return established_; }

    /// The peer closed the session (close_notify).
    [[nodiscard]] bool is_ended() const { return ended_; }

    /// Why it cannot go on: "handshake: tlsv1 alert protocol version"; empty while it can.
    [[nodiscard]] const std::string& failure() const { return failure_; }

  private:
    void advance();
    bool is_done(int rc, const char* doing);
    void collect();

    std::unique_ptr<ssl_st, void (*)(ssl_st*)> session_;
    std::string unwritten_; // waits for the handshake
    std::string plaintext_;
    std::string to_peer_;
    std::size_t sent_ = 0;
    std::string failure_;
    bool established_ = false;
    bool ended_ = false;
};

} // namespace nlb::tls
