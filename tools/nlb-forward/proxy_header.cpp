// SPDX-License-Identifier: Apache-2.0
// nlb-forward proxy-header: writes and reads a PROXY protocol header, for shells.
#include "commands.hpp"
#include "proxy_header_lines.hpp"

#include "io/fd.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

struct Options {
    std::string action;
    std::string file = "-";
    std::string protocol = "tcp";
    std::string source;
    std::string destination;
    std::string endpoint_id;
    std::vector<std::string> tlvs; // TYPE=TEXT
    bool local = false;
    bool crc = false;
    bool aws = false;
    bool json = false;
};

tl::unexpected<Error> wrong(const std::string& option, const std::string& value, const char* why) {
    return fail(Errc::Usage, option + " " + in_quotes(value) + ": " + why);
}

Result<Endpoint> endpoint_of(const std::string& option, const std::string& text) {
    auto endpoint = Endpoint::parse(text);
    if (!endpoint) return forward(endpoint.error(), option);
    return endpoint;
}

Result<wire::ProxyTlv> tlv_of(const std::string& text) {
    constexpr auto kForm = "TYPE=TEXT, TYPE from 0x01 to 0xff and not 0x03";
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || !text.starts_with("0x")) return wrong("--tlv", text, kForm);
    std::uint8_t type = 0;
    const auto read = std::from_chars(text.data() + 2, text.data() + equals, type, 16);
    const bool is_number = read.ec == std::errc() && read.ptr == text.data() + equals;
    if (!is_number || type == 0 || type == wire::ProxyTlv::kCrc32c)
        return wrong("--tlv", text, kForm);
    return wire::ProxyTlv{type, text.substr(equals + 1)};
}

Result<wire::ProxyEncoder> encoder_of(const Options& options) {
    if (options.aws) {
        if (!options.tlvs.empty())
            return fail(Errc::Usage, "--aws has no room for --tlv: the service sends none");
        return wire::ProxyEncoder::aws(options.endpoint_id);
    }
    wire::ProxyEncoder::Shape shape{options.crc, {}, 0};
    if (!options.endpoint_id.empty())
        shape.tlvs.push_back(wire::ProxyTlv::aws_endpoint(options.endpoint_id));
    for (const std::string& text : options.tlvs) {
        auto tlv = tlv_of(text);
        if (!tlv) return tl::unexpected<Error>(tlv.error());
        shape.tlvs.push_back(std::move(*tlv));
    }
    return wire::ProxyEncoder::make(shape);
}

Result<std::string> encoded(const Options& options) {
    if (options.local) {
        const bool says_more = !options.source.empty() || !options.destination.empty() ||
                               !options.endpoint_id.empty() || !options.tlvs.empty() ||
                               options.crc || options.aws;
        if (says_more) return fail(Errc::Usage, "--local goes without anything about a client");
        return std::string(wire::kProxyV2Local);
    }
    if (options.source.empty() || options.destination.empty())
        return fail(Errc::Usage, "encode needs --source and --destination, or --local");
    const auto source = endpoint_of("--source", options.source);
    if (!source) return tl::unexpected<Error>(source.error());
    const auto destination = endpoint_of("--destination", options.destination);
    if (!destination) return tl::unexpected<Error>(destination.error());
    if (source->address.family() != destination->address.family())
        return fail(Errc::Usage, "--source and --destination are of two address families");
    const auto encoder = encoder_of(options);
    if (!encoder) return tl::unexpected<Error>(encoder.error());
    const auto transport =
        options.protocol == "udp" ? wire::ProxyTransport::Datagram : wire::ProxyTransport::Stream;
    std::string out;
    encoder->append(transport, *source, *destination, out);
    return out;
}

/// Reads until `bytes` has `size` of them, or the input ends.
Result<void> read_up_to(int fd, std::size_t size, std::string& bytes) {
    while (bytes.size() < size) {
        const std::size_t had = bytes.size();
        bytes.resize(size);
        const ssize_t n = ::read(fd, bytes.data() + had, size - had);
        bytes.resize(had + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
        if (n < 0 && errno != EINTR) return io::sys_error("read");
        if (n == 0) break;
    }
    return {};
}

/// Takes no byte more than the header has, so that what follows it is left to the next reader.
Result<wire::ProxyDecoded> read_header(int fd) {
    std::string bytes;
    std::size_t wanted = wire::kProxyV2Fixed;
    for (;;) {
        if (auto done = read_up_to(fd, wanted, bytes); !done)
            return tl::unexpected<Error>(done.error());
        wire::ProxyDecoded got = wire::decode_proxy_header(bytes);
        using Progress = wire::ProxyDecoded::Progress;
        if (got.progress == Progress::Complete) return got;
        if (got.progress == Progress::Malformed)
            return fail(Errc::Data, "no PROXY protocol header of version 2: " + got.why);
        if (bytes.size() < wanted)
            return fail(Errc::Data, "the input ends after " + std::to_string(bytes.size()) +
                                        " bytes of a PROXY protocol header");
        wanted = wire::proxy_header_bytes(bytes);
    }
}

Result<int> decode(const Options& options) {
    const bool is_stdin = options.file == "-";
    io::Fd file;
    if (!is_stdin) {
        file.reset(::open(options.file.c_str(), O_RDONLY | O_CLOEXEC));
        if (!file.is_open()) return io::sys_error("open " + in_quotes(options.file));
    }
    const auto got = read_header(is_stdin ? STDIN_FILENO : file.get());
    if (!got) return forward(got.error(), is_stdin ? "standard input" : in_quotes(options.file));
    const std::string text = options.json ? json_of(*got) : text_of(*got);
    return app::print(text).map([] { return int{app::kDone}; });
}

Result<int> proxy_header(const Options& options) {
    if (options.action == "decode") return decode(options);
    if (options.file != "-") return fail(Errc::Usage, "encode reads no file");
    const auto bytes = encoded(options);
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    return app::print(*bytes).map([] { return int{app::kDone}; });
}

} // namespace

app::Command proxy_header_command() {
    return {"proxy-header", "Write or read a PROXY protocol header", [](app::Options& declare) {
                auto options = std::make_shared<Options>();
                declare.choice("ACTION", options->action, {"encode", "decode"}, {"", true},
                               "encode or decode");
                declare.text("FILE", options->file, {""},
                             "decode: what begins with a header (default: standard input)");
                declare.flag("--local", options->local,
                             "encode: a connection of the sender itself, such as a health check");
                declare.choice("--protocol", options->protocol, {"tcp", "udp"}, {"PROTOCOL"},
                               "encode: of the connection (default: tcp)");
                declare.text("--source", options->source, {"ENDPOINT"},
                             "encode: the client, ADDRESS:PORT or [ADDRESS]:PORT");
                declare.text("--destination", options->destination, {"ENDPOINT"},
                             "encode: where it connected to");
                declare.flag("--crc", options->crc, "encode: with a CRC32C checksum");
                declare.text("--endpoint-id", options->endpoint_id, {"ID"},
                             "encode: the VPC endpoint it came through");
                declare.texts("--tlv", options->tlvs, {"TYPE=TEXT"},
                              "encode: another value, such as 0x02=example.com");
                declare.flag("--aws", options->aws,
                             "encode: as the service does, checksum and filling included");
                declare.flag("--json", options->json, "decode: one JSON object");
                return [options](app::Context&) { return proxy_header(*options); };
            }};
}
