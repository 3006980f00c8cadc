// SPDX-License-Identifier: Apache-2.0
#include "app/tool.hpp"

#include "io/fd.hpp"

#include "base/digest.hpp"
#include "base/text.hpp"
#include "contract/schema.hpp"

#include <CLI/CLI.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <random>
#include <sstream>

namespace nlb::app {

namespace {

int status_of(const Error& error) {
    switch (error.code) {
    case Errc::Usage: return kUsage;
    case Errc::Data: return kInputPartlyBad;
    case Errc::System: break;
    }
    return kSystem;
}

std::string new_instance() {
    std::random_device device;
    return hex64((std::uint64_t{device()} << 32U) | device());
}

/// What --help ends with.
std::string footer(const Tool& tool) {
    std::string text = "Examples:\n";
    for (const std::string& example : tool.examples)
        text += "  " + example + "\n";
    return text + "\nManual: man " + tool.name;
}

void collect_names(const CLI::App& app, std::vector<std::string>& names) {
    for (const CLI::Option* option : app.get_options()) {
        for (const auto& l : option->get_lnames())
            names.push_back("--" + l);
    }
}

/// "did you mean '--json'?" for an option or command that does not exist.
std::string suggestion(const CLI::App& app, const std::string& word) {
    std::vector<std::string> names;
    collect_names(app, names);
    for (const CLI::App* sub : app.get_subcommands({})) {
        names.push_back(sub->get_name());
        collect_names(*sub, names);
    }
    const std::vector<std::string_view> views(names.begin(), names.end());
    const auto near = nearest(word.substr(0, word.find('=')), views);
    return near ? " (did you mean " + in_quotes(*near) + "?)" : "";
}

struct Choice {
    std::function<Result<int>(Context&)> run;
    CLI::App* sub = nullptr;
};

int usage_error(const Tool& tool, const CLI::App& app, const CLI::ParseError& error) {
    std::string text = error.what();
    const auto* extras = dynamic_cast<const CLI::ExtrasError*>(&error);
    const auto rest = app.remaining(true);
    if (extras != nullptr && !rest.empty()) {
        const std::string& word = rest.front();
        text = (word.starts_with("-") ? "unknown option " : "unexpected argument ") +
               in_quotes(word) + suggestion(app, word);
    }
    std::fprintf(stderr, "%s: %s\nTry '%s --help'.\n", tool.name.c_str(), text.c_str(),
                 tool.name.c_str());
    return kUsage;
}

int finish(const Context& context, const Result<int>& result) {
    if (result) return *result;
    if (result.error().sys == EPIPE) {
        // The reader went away: end as a filter ends, silently, killed by SIGPIPE.
        std::signal(SIGPIPE, SIG_DFL);
        std::raise(SIGPIPE);
    }
    context.log.error(result.error().text());
    return status_of(result.error());
}

/// A descriptor of ours must never get the number of a closed standard one: what is meant for a
/// person would be written into a socket. Reading and writing keep failing as they did.
void hold_standard_descriptors() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(fd, F_GETFD) != -1) continue;
        const int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        const int null = ::open("/dev/null", flags);
        if (null != fd) std::abort(); // the lowest free number, by POSIX
    }
}

} // namespace

Result<void> print(std::string_view text) {
    while (!text.empty()) {
        const ssize_t n =
            io::retry([&] { return ::write(STDOUT_FILENO, text.data(), text.size()); });
        if (n < 0) return io::sys_error("write to standard output");
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

int tool_main(int argc, char** argv, const Tool& tool) {
    hold_standard_descriptors();
    std::signal(SIGPIPE, SIG_IGN); // EPIPE comes back as an error; finish() turns it into SIGPIPE
    CLI::App app(tool.summary, tool.name);
    app.set_version_flag("--version", tool.name + " " NLB_VERSION, "Print the version and exit");
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.footer(footer(tool));
    bool wants_schema = false;
    app.add_flag("--schema", wants_schema, "Print the messages of this tool as NDJSON and exit");
    bool quiet = false;
    int verbose = 0;
    app.add_flag("-q,--quiet", quiet, "Only errors on standard error");
    app.add_flag("-v,--verbose", verbose, "Debug messages on standard error");
    std::vector<Choice> choices;
    for (const Command& command : tool.commands) {
        CLI::App* sub = app.add_subcommand(command.name, command.summary);
        sub->set_help_flag("-h,--help", "Print this help and exit");
        sub->fallthrough();
        Options options(*sub);
        choices.push_back({command.declare(options), sub});
    }
    app.require_subcommand(0, 1);

    Context context{tool.name, Log(tool.name, LogLevel::Notice), new_instance()};
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) {
        std::ostringstream text;
        app.exit(success, text, text);
        return finish(context, print(text.str()).map([] { return int{kDone}; }));
    } catch (const CLI::ParseError& error) {
        return usage_error(tool, app, error);
    }
    if (quiet) context.log.set_level(LogLevel::Error);
    if (verbose > 0) context.log.set_level(LogLevel::Debug);
    if (wants_schema) {
        return finish(context, print(contract::schema(tool.messages)).map([] { return kDone; }));
    }
    for (const Choice& choice : choices) {
        if (choice.sub->parsed()) return finish(context, choice.run(context));
    }
    std::fprintf(stderr, "%s: a command is needed\nTry '%s --help'.\n", tool.name.c_str(),
                 tool.name.c_str());
    return kUsage;
}

} // namespace nlb::app
