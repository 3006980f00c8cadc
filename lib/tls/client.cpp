// SPDX-License-Identifier: Apache-2.0
#include "tls/client.hpp"

#include "base/check.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

namespace nlb::tls {

namespace {

/// The reason of the last error OpenSSL noted, without its file names.
std::string last_reason() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    if (code == 0) return "connection ended";
    if (ERR_SYSTEM_ERROR(code)) return "system error " + std::to_string(ERR_GET_REASON(code));
    const char* text = ERR_reason_error_string(code);
    return text != nullptr ? text : "error " + std::to_string(code);
}

} // namespace

void prepare() {
    OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, nullptr);
}

ClientContext::ClientContext(ssl_ctx_st* context) : context_(context, &SSL_CTX_free) {
}

Result<ClientContext> ClientContext::for_checks() {
    ERR_clear_error();
    ClientContext made(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* context = made.get();
    const bool ok = context != nullptr &&
                    SSL_CTX_set_min_proto_version(context, TLS1_VERSION) == 1 &&
                    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION) == 1 &&
                    SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0") == 1;
    if (!ok) return fail(Errc::System, "prepare TLS for HTTPS checks: " + last_reason());
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return made;
}

ClientSession::ClientSession(const ClientContext& context)
    : session_(SSL_new(context.get()), &SSL_free) {
    NLB_CHECK(session_ != nullptr);
    BIO* in = BIO_new(BIO_s_mem());
    BIO* out = BIO_new(BIO_s_mem());
    NLB_CHECK(in != nullptr && out != nullptr);
    BIO_set_mem_eof_return(in, -1); // empty is "not yet", not the end
    SSL_set_bio(session_.get(), in, out);
    SSL_set_connect_state(session_.get());
}

void ClientSession::write(std::string_view plaintext) {
    unwritten_ += plaintext;
    advance();
}

void ClientSession::feed(std::string_view ciphertext) {
    if (!failure_.empty() || ended_) return;
    BIO* in = SSL_get_rbio(session_.get());
    const int n = BIO_write(in, ciphertext.data(), static_cast<int>(ciphertext.size()));
    NLB_CHECK(n == static_cast<int>(ciphertext.size()));
    advance();
}

void ClientSession::sent(std::size_t bytes) {
    sent_ += bytes;
    if (sent_ < to_peer_.size()) return;
    to_peer_.clear();
    sent_ = 0;
}

/// As far as the bytes at hand allow.
void ClientSession::advance() {
    std::array<char, 16384> buffer; // NOLINT: filled by OpenSSL; a record is no longer
    ERR_clear_error();
    if (!established_) {
        established_ = is_done(SSL_do_handshake(session_.get()), "TLS handshake");
        if (!established_) return collect();
    }
    if (!unwritten_.empty()) {
        const int size = static_cast<int>(unwritten_.size());
        if (is_done(SSL_write(session_.get(), unwritten_.data(), size), "TLS write"))
            unwritten_.clear();
    }
    while (failure_.empty() && !ended_) {
        const int n = SSL_read(session_.get(), buffer.data(), static_cast<int>(buffer.size()));
        if (!is_done(n, "TLS read")) break;
        plaintext_.append(buffer.data(), static_cast<std::size_t>(n));
    }
    collect();
}

/// Did the call succeed? Otherwise it waits for bytes, or the session is over.
bool ClientSession::is_done(int rc, const char* doing) {
    if (rc > 0) return true;
    switch (SSL_get_error(session_.get(), rc)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: break;
    case SSL_ERROR_ZERO_RETURN: ended_ = true; break;
    default: failure_ = std::string(doing) + ": " + last_reason();
    }
    return false;
}

void ClientSession::collect() {
    BIO* out = SSL_get_wbio(session_.get());
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out, &bytes);
    if (size <= 0) return;
    to_peer_.append(bytes, static_cast<std::size_t>(size));
    [[maybe_unused]] const int rc = BIO_reset(out);
}

} // namespace nlb::tls
