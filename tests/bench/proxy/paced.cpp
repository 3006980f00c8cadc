// SPDX-License-Identifier: Apache-2.0
#include "paced.hpp"

#include "latencies.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kEvery = std::chrono::microseconds(200);
constexpr std::size_t kMessageBytes = 64;

struct Asking {
    int fd = -1;
    bool waits = false;
    Clock::time_point due;
};

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(4);
}

class Paced {
  public:
    Paced(const sockaddr_in& address, int connections)
        : epoll_(::epoll_create1(0)), all_(static_cast<std::size_t>(connections)) {
        for (std::size_t i = 0; i < all_.size(); ++i) {
            const int one = 1;
            all_[i].fd = ::socket(AF_INET, SOCK_STREAM, 0);
            if (::connect(all_[i].fd, reinterpret_cast<const sockaddr*>(&address),
                          sizeof address) != 0)
                die("connect");
            ::setsockopt(all_[i].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u64 = i;
            if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, all_[i].fd, &event) != 0) die("watch");
        }
    }

    void run(double seconds) {
        const auto began = Clock::now();
        const auto count = static_cast<std::size_t>(seconds * 1e6 / kEvery.count());
        for (std::size_t number = 0; number < count; ++number) {
            const auto due = began + kEvery * static_cast<std::int64_t>(number);
            while (Clock::now() < due)
                take_answers(due - Clock::now());
            ask(all_[number % all_.size()], due);
        }
        take_answers(std::chrono::milliseconds(100));
        std::printf("{\"operations\":%zu,\"bytes\":0,\"seconds\":%.3f,\"failed\":%zu,"
                    "\"p50_us\":%.1f,\"p99_us\":%.1f}\n",
                    answered_, std::chrono::duration<double>(Clock::now() - began).count(), failed_,
                    latencies_us_.at(0.5), latencies_us_.at(0.99));
    }

  private:
    void ask(Asking& one, Clock::time_point due) {
        static constexpr std::array<char, kMessageBytes> kMessage{};
        if (one.waits) {
            ++failed_;
            return;
        }
        if (::send(one.fd, kMessage.data(), kMessage.size(), MSG_NOSIGNAL) < 0) die("send");
        one.waits = true;
        one.due = due;
    }

    void take_answers(Clock::duration longest) {
        std::array<epoll_event, 256> events{};
        const auto ns =
            std::chrono::nanoseconds(std::max(longest, Clock::duration::zero())).count();
        const timespec wait{ns / 1'000'000'000, ns % 1'000'000'000};
        const int n = ::epoll_pwait2(epoll_, events.data(), events.size(), &wait, nullptr);
        for (int i = 0; i < n; ++i)
            take(all_[events[static_cast<std::size_t>(i)].data.u64]);
    }

    void take(Asking& one) {
        std::array<char, kMessageBytes> answer{};
        if (::recv(one.fd, answer.data(), answer.size(), MSG_WAITALL) !=
            static_cast<ssize_t>(answer.size()))
            die("answer");
        one.waits = false;
        ++answered_;
        latencies_us_.add(
            std::chrono::duration<double, std::micro>(Clock::now() - one.due).count());
    }

    int epoll_;
    std::vector<Asking> all_;
    Latencies latencies_us_;
    std::size_t answered_ = 0;
    std::size_t failed_ = 0;
};

} // namespace

void load_paced(const sockaddr_in& address, int connections, double seconds) {
    Paced(address, connections).run(seconds);
}
