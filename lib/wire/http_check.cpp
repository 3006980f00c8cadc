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

/// RFC 9112 4 asks for the space before an absent reason phrase; many servers leave it out, and
/// Beast insists. The block with the space, or nothing when it has it, or has a phrase.
std::string with_space_after_code(std::string_view block) {
    constexpr std::size_t kCodeEnd = 12; // "HTTP/1.1 200"
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool lacks_it = block.size() > kCodeEnd && block.starts_with("HTTP/1.") &&
                          block[8] == ' ' && block[kCodeEnd] == '\r' &&
                          std::all_of(block.begin() + 9, block.begin() + kCodeEnd, is_digit);
    if (!lacks_it) return {};
    std::string text(block);
    text.insert(kCodeEnd, 1, ' ');
    return text;
}

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
        const std::string mended = with_space_after_code(bytes.substr(used));
        const std::string_view block = mended.empty() ? bytes.substr(used) : mended;
        error_code error;
        std::size_t n = parser.put(boost::asio::buffer(block.data(), block.size()), error);
        if (error == http::error::need_more) return used;
        if (n > 0 && !mended.empty()) --n;
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
