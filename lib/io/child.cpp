// SPDX-License-Identifier: Apache-2.0
#include "io/child.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace nlb::io {

namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (std::string& text : texts)
        out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

/// Attributes and redirections of posix_spawn, released when it is over.
struct Spawning {
    posix_spawnattr_t attributes{};
    posix_spawn_file_actions_t actions{};

    explicit Spawning(int output) {
        ::posix_spawnattr_init(&attributes);
        ::posix_spawn_file_actions_init(&actions);
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes, &none);
        ::posix_spawnattr_setsigdefault(&attributes, &all);
        ::posix_spawnattr_setpgroup(&attributes, 0);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETPGROUP);
        ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (output < 0) return;
        ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    }

    ~Spawning() {
        ::posix_spawnattr_destroy(&attributes);
        ::posix_spawn_file_actions_destroy(&actions);
    }

    Spawning(const Spawning&) = delete;
    Spawning& operator=(const Spawning&) = delete;
};

Child::Exit bury(int process) {
    siginfo_t info{};
    retry([&] { return ::waitid(P_PID, static_cast<id_t>(process), &info, WEXITED); });
    const bool exited = info.si_code == CLD_EXITED;
    return {exited && info.si_status == 0,
            (exited ? "exit status " : "killed by signal ") + std::to_string(info.si_status)};
}

} // namespace

Child::Child(EventLoop& loop, int process, Fd ended, Fd output)
    : loop_(loop), process_(process), ended_(std::move(ended)), output_(std::move(output)) {
}

Result<std::unique_ptr<Child>> Child::start(EventLoop& loop, const Setup& setup,
                                            std::function<void(const Exit&)> on_exit) {
    const std::string attempt = "start " + setup.program;
    std::array<int, 2> ends{-1, -1};
    if (setup.keeps_output && ::pipe2(ends.data(), O_CLOEXEC) != 0)
        return sys_error(attempt + ": pipe");
    Fd read_end(ends[0]);
    if (read_end.is_open()) ::fcntl(read_end.get(), F_SETFL, O_NONBLOCK); // the writer may wait
    const Fd write_end(ends[1]);
    std::vector<std::string> arguments{setup.program};
    arguments.insert(arguments.end(), setup.arguments.begin(), setup.arguments.end());
    std::vector<std::string> environment = setup.environment;
    for (char** each = environ; *each != nullptr; ++each)
        environment.emplace_back(*each);
    const Spawning how(write_end.get());
    int process = 0;
    const int error = ::posix_spawn(&process, setup.program.c_str(), &how.actions, &how.attributes,
                                    pointers(arguments).data(), pointers(environment).data());
    if (error != 0) return sys_error(attempt, error);
    // Nobody else waits for our children, so the number is still the child's.
    Fd ended(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
    const bool opened = ended.is_open();
    const int why = errno;
    std::unique_ptr<Child> child(new Child(loop, process, std::move(ended), std::move(read_end)));
    if (!opened) return sys_error(attempt + ": watch it", why);
    Child* self = child.get();
    auto added =
        loop.add(self->ended_.get(), EPOLLIN, [self, on_exit = std::move(on_exit)](std::uint32_t) {
            self->running_ = false;
            self->loop_.remove(self->ended_.get());
            on_exit(bury(self->process_)); // may end *self
        });
    if (!added) return tl::unexpected<Error>(added.error());
    return child;
}

Child::~Child() {
    if (!running_) return;
    loop_.remove(ended_.get());
    ::kill(-process_, SIGKILL);
    if (!ended_.is_open()) {
        bury(process_);
        return;
    }
    const int fd = ended_.get();
    auto held = std::make_shared<Fd>(std::move(ended_));
    const auto added = loop_.add(fd, EPOLLIN, [&loop = loop_, held, process = process_](auto) {
        loop.remove(held->get());
        bury(process);
    });
    if (!added) bury(process_);
}

std::string Child::output() const {
    std::string text(4096, '\0');
    const ssize_t n = retry([&] { return ::read(output_.get(), text.data(), text.size()); });
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text.substr(0, text.find('\n'));
}

} // namespace nlb::io
