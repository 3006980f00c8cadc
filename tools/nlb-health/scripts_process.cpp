// SPDX-License-Identifier: Apache-2.0
#include "scripts_process.hpp"

#include "io/child.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <map>
#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

std::string joined(std::initializer_list<std::string_view> fields) {
    std::string packet;
    for (const std::string_view field : fields)
        packet.append(packet.empty() ? 0 : 1, '\0').append(field);
    return packet.substr(0, kLongestPacket);
}

std::vector<std::string> fields_of(std::string_view packet) {
    std::vector<std::string> fields(1);
    for (const char c : packet) {
        if (c == '\0')
            fields.emplace_back();
        else
            fields.back() += c;
    }
    return fields;
}

namespace {

class Process {
  public:
    Process(io::EventLoop& loop, io::Fd socket, std::string folder)
        : loop_(loop), socket_(std::move(socket)), folder_(std::move(folder)) {}

    Result<void> run() {
        auto watched = loop_.add(socket_.get(), EPOLLIN, [this](std::uint32_t) { on_request(); });
        return watched ? loop_.run() : watched;
    }

  private:
    void on_request() {
        std::array<char, kLongestPacket> packet{};
        const ssize_t n =
            io::retry([&] { return ::recv(socket_.get(), packet.data(), packet.size(), 0); });
        if (n <= 0) { // whoever wants to know has gone
            running_.clear();
            return loop_.stop();
        }
        const auto fields = fields_of({packet.data(), static_cast<std::size_t>(n)});
        if (fields.size() == 4)
            start(fields);
        else
            running_.erase(fields[0]);
    }

    void start(const std::vector<std::string>& request) {
        const std::string& number = request[0];
        const std::string& script = request[1];
        // Whoever asks may have been made to ask: nothing but the folder's.
        if (script.find('/') != std::string::npos)
            return answer(number, "trouble", "no script's name: " + script, "");
        auto child = io::Child::start(
            loop_,
            {.program = folder_ + "/" + script,
             .arguments = {request[2], request[3]},
             .environment = {"NLB_ADDRESS=" + request[2], "NLB_PORT=" + request[3]},
             .keeps_output = true},
            [this, number](const io::Child::Exit& exit) {
                answer(number, exit.passed ? "passed" : "failed", exit.how,
                       running_.at(number)->output());
                running_.erase(number);
            });
        if (!child) return answer(number, "trouble", child.error().text(), "");
        running_.insert_or_assign(number, std::move(*child));
    }

    /// Waits when the other side does not keep up: it does not wait for this one.
    void answer(std::string_view number, std::string_view outcome, std::string_view how,
                std::string_view output) {
        const std::string packet = joined({number, outcome, how, output});
        io::retry(
            [&] { return ::send(socket_.get(), packet.data(), packet.size(), MSG_NOSIGNAL); });
    }

    io::EventLoop& loop_;
    io::Fd socket_;
    std::string folder_;
    std::map<std::string, std::unique_ptr<io::Child>> running_;
};

} // namespace

void serve_scripts(io::Fd socket, const std::string& folder) {
    ::prctl(PR_SET_NAME, "nlb-scripts", 0, 0, 0);
    // A terminal sends them to all its processes: this one ends when the other does.
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1})
        std::signal(number, SIG_IGN);
    // Whoever is at the other end of these waits for the end of the other process, not of this one.
    const io::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO})
        ::dup2(null.get(), fd);
    auto loop = io::EventLoop::make();
    const bool done = loop && Process(*loop, std::move(socket), folder).run();
    std::_Exit(done ? EXIT_SUCCESS : EXIT_FAILURE);
}
