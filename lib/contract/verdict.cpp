// SPDX-License-Identifier: Apache-2.0
#include "contract/verdict.hpp"

#include "base/check.hpp"
#include "contract/codec.hpp"

#include <simdjson.h>

#include <charconv>

namespace nlb::contract {

namespace {

using simdjson::dom::element;
using simdjson::dom::object;

/// Takes members of one line; remembers the first that is not what it should be.
class Members {
  public:
    explicit Members(const object& line) : line_(line) {}

    void text(const char* name, std::string& to, bool required = false) {
        element value;
        if (!find(name, value, required)) return;
        std::string_view text;
        if (value.get(text) != simdjson::SUCCESS) return refuse(name, "must be a string");
        to = text;
    }

    void number(const char* name, std::uint64_t& to, bool required = false) {
        element value;
        if (!find(name, value, required) || value.get(to) == simdjson::SUCCESS) return;
        std::string_view digits;
        if (value.get(digits) == simdjson::SUCCESS && !digits.empty()) {
            const char* end = digits.data() + digits.size();
            const auto [stop, error] = std::from_chars(digits.data(), end, to);
            if (error == std::errc{} && stop == end) return;
        }
        refuse(name, "must be a whole number from 0 to 18446744073709551615");
    }

    void number(const char* name, std::optional<std::uint64_t>& to) {
        element value;
        if (!find(name, value, false)) return;
        number(name, to.emplace());
    }

    void end(const char* address, const char* port, VerdictLine::End& to) {
        text(address, to.address);
        number(port, to.port);
    }

    [[nodiscard]] const std::string& problem() const { return problem_; }

  private:
    bool find(const char* name, element& value, bool required) {
        const bool found = line_.at_key(name).get(value) == simdjson::SUCCESS;
        if (!found && required) refuse(name, "is missing");
        return found;
    }

    void refuse(const char* name, const char* why) {
        if (problem_.empty()) problem_ = std::string("member \"") + name + "\" " + why;
    }

    const object& line_;
    std::string problem_;
};

} // namespace

struct VerdictReader::Parser {
    static constexpr std::size_t kDeepest = 4; ///< the questions: an object in an array
    simdjson::dom::parser parser{kLongestLine};
    std::string padded;

    Parser() {
        const auto sized = parser.allocate(kLongestLine + simdjson::SIMDJSON_PADDING, kDeepest);
        NLB_CHECK(sized == simdjson::SUCCESS);
    }
};

VerdictReader::VerdictReader() : parser_(std::make_unique<Parser>()) {
}

VerdictReader::~VerdictReader() = default;
VerdictReader::VerdictReader(VerdictReader&&) noexcept = default;
VerdictReader& VerdictReader::operator=(VerdictReader&&) noexcept = default;

Result<VerdictLine> VerdictReader::read(std::string_view line) {
    if (line.size() > kLongestLine) return fail(Errc::Data, "a line of more than 65536 bytes");
    std::string& padded = parser_->padded;
    padded.assign(line);
    padded.append(simdjson::SIMDJSON_PADDING, ' ');
    element root;
    object whole;
    if (parser_->parser.parse(padded.data(), line.size(), false).get(root) != simdjson::SUCCESS ||
        root.get(whole) != simdjson::SUCCESS)
        return fail(Errc::Data, "no JSON object");
    VerdictLine out;
    Members members(whole);
    members.number("packet", out.packet, true);
    members.number("time_ns", out.time_ns, true);
    members.text("verdict", out.verdict, true);
    members.text("reason", out.reason, true);
    members.number("protocol", out.ends.protocol);
    members.end("source_address", "source_port", out.ends.source);
    members.end("destination_address", "destination_port", out.ends.destination);
    members.text("listener", out.listener);
    members.text("target", out.target);
    members.end("new_destination_address", "new_destination_port", out.new_destination);
    if (!members.problem().empty()) return fail(Errc::Data, members.problem());
    return out;
}

} // namespace nlb::contract
