// SPDX-License-Identifier: Apache-2.0
#include "wire/http_check.hpp"

#include "base/text.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <limits>

namespace nlb::wire {

namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

bool is_visible(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

/// Beast tells a parser what it finds through these; a check needs the status line alone.
struct Parser final : http::basic_parser<false> {
    Parser() {
        header_limit(kMostHeaderBytes);
        body_limit(std::numeric_limits<std::uint64_t>::max());
    }

    void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}

    void on_response_impl(int code, string_view, int, error_code&) override {
        status = static_cast<unsigned>(code);
    }

    void on_field_impl(http::field, string_view, string_view, error_code&) override {}

    void on_header_impl(error_code&) override {}

    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}

    std::size_t on_body_impl(string_view body, error_code&) override { return body.size(); }

    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}

    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
        return body.size();
    }

    void on_finish_impl(error_code&) override {}

    unsigned status = 0;
};

} // namespace

Result<std::string> http_check_request(std::string_view path, std::string_view host) {
    if (!path.starts_with('/') || !is_visible(path)) {
        return fail(Errc::Data, "check path " + in_quotes(path) +
                                    " must begin with / and have no spaces or control bytes");
    }
    if (host.empty() || !is_visible(host)) {
        return fail(Errc::Data, "check host " + in_quotes(host) +
                                    " must not be empty and have no spaces or control bytes");
    }
    std::string request = "GET ";
    request.append(path).append(" HTTP/1.1\r\nHost: ").append(host);
    request += "\r\nConnection: close\r\nUser-Agent: ELB-HealthChecker/2.0\r\nAccept: */*\r\n\r\n";
    return request;
}

HttpProgress HttpStatusReader::feed(std::string_view bytes) {
    constexpr std::size_t kPrefix = 16; // enough to see that it is another protocol
    if (progress_ != HttpProgress::Short || bytes.empty()) return progress_;
    fed_ += bytes.size();
    std::size_t used = 0;
    if (held_.empty()) {
        used = parse(bytes);
        if (progress_ == HttpProgress::Short) held_ = bytes.substr(used);
    } else {
        const bool is_start = held_.size() < kPrefix;
        held_ += bytes;
        // Without a new line nothing new can be said; a trickle of bytes costs no parsing.
        if (is_start || bytes.find('\n') != std::string_view::npos) used = parse(held_);
        held_.erase(0, used);
    }
    if (progress_ == HttpProgress::Short && fed_ > kMostHeaderBytes) {
        malformed(0, "the header has more than 16384 bytes");
    }
    return progress_;
}

/// Parses header blocks until bytes are short or the final one has ended; returns how many bytes
/// the finished blocks have. Each try begins at the start of a block: a Beast parser that was once
/// short waits for the end of the block before it looks again, and would not see garbage.
std::size_t HttpStatusReader::parse(std::string_view bytes) {
    constexpr unsigned kFirstFinalCode = 200;
    constexpr unsigned kSwitchingProtocols = 101; // final: nothing follows it in HTTP/1
    std::size_t used = 0;
    while (used < bytes.size()) {
        Parser parser;
        const std::string_view block = bytes.substr(used);
        error_code error;
        const std::size_t n = parser.put(boost::asio::buffer(block.data(), block.size()), error);
        if (error == http::error::need_more) return used;
        if (error) {
            malformed(interim_ + n, error.message());
            return used;
        }
        used += n;
        interim_ += n;
        if (parser.status >= kFirstFinalCode || parser.status == kSwitchingProtocols) {
            code_ = parser.status;
            progress_ = HttpProgress::Complete;
            return used;
        }
    }
    return used;
}

void HttpStatusReader::malformed(std::size_t offset, std::string_view rule) {
    progress_ = HttpProgress::Malformed;
    why_ = "byte " + std::to_string(offset) + ": ";
    why_ += rule;
}

} // namespace nlb::wire
