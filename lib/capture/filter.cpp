// SPDX-License-Identifier: Apache-2.0
#include "capture/filter.hpp"

#include "capture/byte_stream.hpp"
#include "capture/link.hpp"

#include "base/check.hpp"
#include "base/text.hpp"

#include <pcap/pcap.h>

namespace nlb::capture {

namespace {

constexpr std::size_t kLongestExpression = 65'536;

struct Closer {
    void operator()(pcap_t* handle) const { pcap_close(handle); }
};

/// libpcap's own number of the link type; it differs from the one in files for raw IP only.
int dlt_of(std::uint16_t link_type) {
    return link_type == kLinkRawIp ? DLT_RAW : link_type;
}

} // namespace

struct Filter::Program {
    bpf_program code{};

    Program() = default;
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    ~Program() { pcap_freecode(&code); }
};

Filter::Filter(std::string expression) : expression_(std::move(expression)) {
}

Filter::~Filter() = default;
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;

Result<void> Filter::compile(std::uint16_t link_type) {
    if (current_ != nullptr && current_link_ == link_type) return {};
    std::unique_ptr<Program>& program = programs_[link_type];
    if (!program) {
        if (expression_.size() > kLongestExpression)
            return fail(Errc::Usage, "filter: longer than 65536 bytes");
        const std::unique_ptr<pcap_t, Closer> handle(
            pcap_open_dead(dlt_of(link_type), ByteStream::kMostAtOnce));
        if (!handle) return fail(Errc::System, "filter: no memory");
        auto fresh = std::make_unique<Program>();
        if (pcap_compile(handle.get(), &fresh->code, expression_.c_str(), 1,
                         PCAP_NETMASK_UNKNOWN) != 0)
            return fail(Errc::Usage,
                        "filter " + in_quotes(expression_) + ": " + pcap_geterr(handle.get()));
        program = std::move(fresh);
    }
    current_ = program.get();
    current_link_ = link_type;
    return {};
}

bool Filter::matches(std::span<const std::uint8_t> bytes, std::uint32_t original_length) const {
    NLB_CHECK(current_ != nullptr);
    pcap_pkthdr header{};
    header.caplen = static_cast<bpf_u_int32>(bytes.size());
    header.len = original_length;
    return pcap_offline_filter(&current_->code, &header, bytes.data()) != 0;
}

} // namespace nlb::capture
