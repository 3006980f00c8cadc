// SPDX-License-Identifier: Apache-2.0
// nlb-logs cat: the entries of files as they stand there.
#include "commands.hpp"
#include "compress/reader.hpp"

#include "io/source.hpp"

#include "accesslog/entry.hpp"

#include "base/text.hpp"

#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr std::size_t kAtOnce = 256U << 10U;
constexpr std::size_t kLongestLine = 1U << 20U; ///< more is no line of an access log

class Cat {
  public:
    Result<void> file(const std::string& path) {
        auto source = io::open_source(path);
        if (!source) return tl::unexpected<Error>(source.error());
        compress::Reader reader(std::move(*source));
        std::string text;
        for (;;) {
            const std::size_t kept = text.size();
            text.resize(kept + kAtOnce);
            auto n = reader.read({reinterpret_cast<std::uint8_t*>(text.data()) + kept, kAtOnce});
            text.resize(kept + n.value_or(0));
            if (!n || *n == 0) {
                if (auto ok = lines(text, true); !ok) return ok;
                return n ? Result<void>() : forward(n.error(), in_quotes(path));
            }
            if (auto ok = lines(text, text.size() > kLongestLine); !ok) return ok;
        }
    }

    [[nodiscard]] std::uint64_t rejected() const { return rejected_; }

  private:
    /// Prints the whole lines of `text` and leaves the rest there, unless it is the last.
    Result<void> lines(std::string& text, bool is_last) {
        std::string out;
        std::size_t at = 0;
        for (std::size_t end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
            line(std::string_view(text).substr(at, end - at), out);
        if (is_last && at < text.size()) line(std::string_view(text).substr(at), out);
        text.erase(0, is_last ? text.size() : at);
        return app::print(out);
    }

    void line(std::string_view text, std::string& out) {
        accesslog::Entry entry;
        if (accesslog::split(text, entry) != accesslog::Problem::None) {
            ++rejected_;
            return;
        }
        out += text;
        out += '\n';
    }

    std::uint64_t rejected_ = 0;
};

Result<int> cat(app::Context& context, const std::vector<std::string>& files) {
    Cat work;
    for (const std::string& path : files) {
        if (auto ok = work.file(path); !ok) return tl::unexpected<Error>(ok.error());
    }
    if (work.rejected() == 0) return app::kDone;
    context.log.warning(std::to_string(work.rejected()) + " lines are no entries");
    return app::kInputPartlyBad;
}

} // namespace

app::Command cat_command() {
    return {"cat", "Print the entries of access log files", [](app::Options& declare) {
                auto files = std::make_shared<std::vector<std::string>>();
                declare.texts("FILES", *files, {"", true},
                              "Access logs, plain, gzip or zstd; - is standard input");
                return [files](app::Context& context) { return cat(context, *files); };
            }};
}
