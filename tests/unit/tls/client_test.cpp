// SPDX-License-Identifier: Apache-2.0
// Both ends in memory: our session against an OpenSSL server.
#include "tls/client.hpp"

#include <boost/test/unit_test.hpp>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <memory>

using namespace nlb::tls;

namespace {

/// A server with a self-signed certificate of no name that has long expired.
class Server {
  public:
    Server(int least, int most) {
        SSL_CTX_set_min_proto_version(context_.get(), least);
        SSL_CTX_set_max_proto_version(context_.get(), most);
        SSL_CTX_set_cipher_list(context_.get(), "ALL:@SECLEVEL=0");
        EVP_PKEY* key = EVP_RSA_gen(2048);
        X509* certificate = X509_new();
        X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
        X509_gmtime_adj(X509_getm_notAfter(certificate), -3600);
        X509_set_pubkey(certificate, key);
        X509_sign(certificate, key, EVP_sha256());
        SSL_CTX_use_certificate(context_.get(), certificate);
        SSL_CTX_use_PrivateKey(context_.get(), key);
        X509_free(certificate);
        EVP_PKEY_free(key);
        session_.reset(SSL_new(context_.get()));
        SSL_set_bio(session_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_accept_state(session_.get());
    }

    /// Takes what the client sends and returns what goes back; what was read is in `heard`.
    std::string exchange(std::string_view bytes) {
        BIO_write(SSL_get_rbio(session_.get()), bytes.data(), static_cast<int>(bytes.size()));
        std::array<char, 4096> buffer{};
        const int n = SSL_read(session_.get(), buffer.data(), buffer.size());
        if (n > 0) heard.append(buffer.data(), static_cast<std::size_t>(n));
        if (n > 0 && !answer.empty()) {
            SSL_write(session_.get(), answer.data(), static_cast<int>(answer.size()));
            SSL_shutdown(session_.get());
        }
        std::string out(65536, '\0');
        const int size = BIO_read(SSL_get_wbio(session_.get()), out.data(), 65536);
        out.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        return out;
    }

    [[nodiscard]] int version() const { return SSL_version(session_.get()); }

    std::string heard;
    std::string answer;

  private:
    std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_{SSL_CTX_new(TLS_server_method()),
                                                          &SSL_CTX_free};
    std::unique_ptr<SSL, void (*)(SSL*)> session_{nullptr, &SSL_free};
};

/// Moves bytes in pieces of `piece` until both are silent; returns what the client read.
std::string talk(ClientSession& client, Server& server, std::size_t piece) {
    std::string read;
    while (!client.pending().empty()) {
        const std::string there(client.pending());
        client.sent(there.size());
        const std::string back = server.exchange(there);
        for (std::size_t at = 0; at < back.size(); at += piece)
            client.feed(std::string_view(back).substr(at, piece));
        read += client.drain();
    }
    return read;
}

} // namespace

BOOST_AUTO_TEST_SUITE(tls_client)

BOOST_AUTO_TEST_CASE(every_version_up_to_1_2_works_and_no_certificate_is_refused) {
    const auto context = ClientContext::for_checks();
    BOOST_REQUIRE(context.has_value());
    for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION}) {
        for (const std::size_t piece : {std::size_t{1}, std::size_t{100}, std::size_t{65536}}) {
            Server server(version, TLS1_3_VERSION);
            if (version != TLS1_2_VERSION) server = Server(version, version);
            server.answer = "HTTP/1.1 200 OK\r\n\r\n";
            ClientSession client(*context);
            client.write("GET / HTTP/1.1\r\n\r\n");
            BOOST_TEST(talk(client, server, piece) == server.answer);
            BOOST_TEST(server.heard == "GET / HTTP/1.1\r\n\r\n");
            BOOST_TEST(server.version() == version);
            BOOST_TEST(client.is_established());
            BOOST_TEST(client.is_ended());
            BOOST_TEST(client.failure() == "");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_server_of_tls_1_3_only_fails) {
    const auto context = ClientContext::for_checks();
    Server server(TLS1_3_VERSION, TLS1_3_VERSION);
    ClientSession client(*context);
    client.write("x");
    talk(client, server, 65536);
    BOOST_TEST(!client.is_established());
    BOOST_TEST(client.failure() == "TLS handshake: tlsv1 alert protocol version");
}

BOOST_AUTO_TEST_CASE(what_is_no_tls_fails_and_stays_so) {
    const auto context = ClientContext::for_checks();
    for (const std::string& bytes : {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"),
                                     std::string(100, '\0'), std::string(100, '\xff')}) {
        ClientSession client(*context);
        client.write("x");
        client.feed(bytes);
        BOOST_TEST(client.failure().starts_with("TLS handshake: "));
        const std::string failure = client.failure();
        client.feed(bytes);
        BOOST_TEST(client.failure() == failure);
    }
}

BOOST_AUTO_TEST_SUITE_END()
