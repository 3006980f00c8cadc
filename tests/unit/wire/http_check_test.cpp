// SPDX-License-Identifier: Apache-2.0
#include "wire/http_check.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace nlb;
using namespace nlb::wire;

namespace {

struct Row {
    const char* what;
    std::string bytes;
    HttpProgress progress;
    unsigned code;
};

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

std::vector<Row> rows() {
    using enum HttpProgress;
    return {
        {"a plain answer", kOk, Complete, 200},
        {"HTTP/1.0 without fields", "HTTP/1.0 404 Not Found\r\n\r\n", Complete, 404},
        {"an empty reason", "HTTP/1.1 503 \r\n\r\n", Complete, 503},
        {"no space after the code", "HTTP/1.1 204\r\n\r\n", Complete, 204},
        {"no space after the code of an interim answer", "HTTP/1.0 100\r\n\r\n" + kOk, Complete,
         200},
        {"a letter in the code", "HTTP/1.1 20x\r\n\r\n", Malformed, 0},
        {"interim answers come first",
         "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + kOk,
         Complete, 200},
        {"a switch of protocols is final", "HTTP/1.1 101 Switching Protocols\r\n\r\n", Complete,
         101},
        {"chunks", "HTTP/1.1 301 Moved\r\nTransfer-Encoding: chunked\r\n\r\n", Complete, 301},
        {"a body beyond any limit",
         "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n", Complete, 200},
        {"nothing", "", Short, 0},
        {"half a status line", "HTTP/1.1 2", Short, 0},
        {"half a header", "HTTP/1.1 200 OK\r\nServer: x\r\n", Short, 0},
        {"only an interim answer", "HTTP/1.1 100 Continue\r\n\r\n", Short, 0},
        {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n", Malformed, 0},
        {"zeros", std::string(64, '\0'), Malformed, 0},
        {"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", Malformed, 0},
        {"a code of two digits", "HTTP/1.1 20 OK\r\n\r\n", Malformed, 0},
        {"a field without a colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", Malformed, 0},
        {"lengths that contradict",
         "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", Malformed, 0},
    };
}

} // namespace

BOOST_AUTO_TEST_SUITE(wire_http_check)

BOOST_AUTO_TEST_CASE(the_status_is_the_same_whatever_the_cut) {
    for (const Row& row : rows()) {
        for (std::size_t step = 1; step <= row.bytes.size() + 1; ++step) {
            HttpStatusReader reader;
            for (std::size_t at = 0; at < row.bytes.size(); at += step)
                reader.feed(std::string(row.bytes.substr(at, step)));
            BOOST_TEST_CONTEXT(row.what << ", pieces of " << step) {
                BOOST_TEST((reader.progress() == row.progress));
                BOOST_TEST(reader.code() == row.code);
                BOOST_TEST(reader.why().empty() == (row.progress != HttpProgress::Malformed));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(an_endless_header_is_malformed_after_the_bound) {
    for (const std::string& piece : {std::string("X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"),
                                     std::string("HTTP/1.1 100 Continue\r\n\r\n")}) {
        HttpStatusReader reader;
        if (piece.front() == 'X') reader.feed("HTTP/1.1 200 OK\r\n");
        std::size_t pieces = 0;
        while (reader.feed(piece) == HttpProgress::Short && pieces < 10'000)
            ++pieces;
        BOOST_TEST((reader.progress() == HttpProgress::Malformed));
        BOOST_TEST(reader.bytes() <= kMostHeaderBytes + piece.size());
    }
}

BOOST_AUTO_TEST_CASE(a_status_line_without_end_is_malformed_after_the_bound) {
    HttpStatusReader reader;
    reader.feed("HTTP/1.1 200 ");
    while (reader.feed("aaaaaaaaaaaaaaaa") == HttpProgress::Short)
        BOOST_REQUIRE(reader.bytes() < 2 * kMostHeaderBytes);
    BOOST_TEST((reader.progress() == HttpProgress::Malformed));
}

BOOST_AUTO_TEST_CASE(malformed_tells_the_offset) {
    HttpStatusReader reader;
    reader.feed("HTTP/1.1 200 OK\r\n");
    reader.feed("no colon here\r\n\r\n");
    BOOST_TEST(reader.why().starts_with("byte 17: "));
}

BOOST_AUTO_TEST_CASE(a_request_has_the_host_it_was_given) {
    const auto request = http_check_request("/health?deep=1", "192.0.2.1:443");
    BOOST_REQUIRE(request.has_value());
    BOOST_TEST(request->starts_with("GET /health?deep=1 HTTP/1.1\r\nHost: 192.0.2.1:443\r\n"));
    BOOST_TEST(request->find("Connection: close\r\n") != std::string::npos);
    BOOST_TEST(request->ends_with("\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(a_request_cannot_be_split_by_its_parts) {
    for (const char* path : {"", "health", "/a b", "/a\r\nX: y", "/\x7f"})
        BOOST_TEST(!http_check_request(path, "h").has_value());
    for (const char* host : {"", "a b", "a\r\nX: y"})
        BOOST_TEST(!http_check_request("/", host).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
