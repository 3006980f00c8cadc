// SPDX-License-Identifier: Apache-2.0
// nlb-logs collect without a destination: a filter from messages to entries and records.
#include "collect.hpp"

#include "app/tool.hpp"
#include "io/fd.hpp"

#include "accesslog/entry.hpp"

#include "contract/codec.hpp"
#include "contract/line_splitter.hpp"

#include <unistd.h>

#include <variant>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

class Filter {
  public:
    Filter(const app::Context& context, const CollectOptions& options)
        : context_(context), entries_(form_of(options)), flows_(traffic_type_of(options)),
          compressed_(method_of(options, compress::Method::None)) {
        if (flows_ != accesslog::TrafficType::None) lines_ = accesslog::kVpcFlowLogHeader;
    }

    Result<int> run() {
        std::string buffer(256U << 10U, '\0');
        for (;;) {
            const ssize_t n =
                io::retry([&] { return ::read(STDIN_FILENO, buffer.data(), buffer.size()); });
            if (n < 0) return io::sys_error("read standard input");
            if (n == 0) break;
            splitter_.feed(
                std::string_view(buffer).substr(0, static_cast<std::size_t>(n)),
                [&](std::string_view line) { take(line); }, [&] { refuse("longer than 64 KiB"); });
            if (auto said = say(false); !said) return tl::unexpected<Error>(said.error());
        }
        splitter_.finish([&](std::string_view line) { take(line); },
                         [&] { refuse("longer than 64 KiB"); });
        if (auto said = say(true); !said) return tl::unexpected<Error>(said.error());
        if (refused_ == 0) return app::kDone;
        context_.log.warning(std::to_string(refused_) + " lines were refused; the first: " + why_);
        return app::kInputPartlyBad;
    }

  private:
    void take(std::string_view line) {
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
        if (line.starts_with('{')) return take_message(line);
        accesslog::Entry entry;
        const auto problem = accesslog::split(line, entry);
        if (problem != accesslog::Problem::None) return refuse(to_text(problem));
        lines_ += line;
        lines_ += '\n';
    }

    void take_message(std::string_view line) {
        if (const auto read = decoder_.decode(line, decoded_); !read)
            return refuse(read.error().attempt);
        if (const auto* connection = std::get_if<contract::TlsConnection>(&decoded_.message))
            entries_.append(*connection, lines_);
        if (const auto* flow = std::get_if<contract::Flow>(&decoded_.message)) take_flow(*flow);
    }

    void take_flow(const contract::Flow& flow) {
        if (!accesslog::is_wanted(flows_, flow)) return;
        if (const std::string_view problem = accesslog::problem_of(flow); !problem.empty())
            return refuse(problem);
        accesslog::append_vpc_flow_records(flow, lines_);
    }

    void refuse(std::string_view why) {
        if (refused_++ == 0) why_ = why;
    }

    Result<void> say(bool last) {
        std::string out;
        compressed_.write(lines_, out);
        lines_.clear();
        if (last) compressed_.finish(out);
        return app::print(out);
    }

    const app::Context& context_;
    accesslog::EntryWriter entries_;
    accesslog::TrafficType flows_;
    compress::Writer compressed_;
    contract::LineSplitter splitter_;
    contract::Decoder decoder_;
    contract::Decoded decoded_;
    std::string lines_;
    std::uint64_t refused_ = 0;
    std::string why_;
};

} // namespace

Result<int> collect_to_output(app::Context& context, const CollectOptions& options) {
    for (const std::string& input : options.inputs) {
        if (input != "-")
            return fail(Errc::Usage, "--input " + input + " needs a destination: --directory");
    }
    if (!options.encrypt_to.empty())
        return fail(Errc::Usage, "--encrypt-to needs a destination: --directory");
    return Filter(context, options).run();
}
