// SPDX-License-Identifier: Apache-2.0
#include "io/descriptors.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

namespace nlb::io {

namespace {

constexpr std::size_t kLongest = 4096;

/// Room for the descriptors of a message.
struct alignas(cmsghdr) Control {
    std::array<char, CMSG_SPACE(kMostDescriptors * sizeof(int))> bytes{};
};

Result<void> wait(int socket, short events, Nanos patience, const char* attempt) {
    pollfd one{socket, events, 0};
    const int ready =
        retry([&] { return ::poll(&one, 1, static_cast<int>(patience.ns / 1'000'000)); });
    if (ready < 0) return sys_error(attempt);
    if (ready == 0) return sys_error(attempt, ETIMEDOUT);
    return {};
}

void attach(msghdr& message, Control& control, std::span<const int> descriptors) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
}

std::vector<Fd> descriptors_of(msghdr& message) {
    std::vector<Fd> all;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
            all.emplace_back(fd);
        }
    }
    return all;
}

} // namespace

Result<void> send_descriptors(int socket, std::string_view line, std::span<const int> descriptors,
                              Nanos patience) {
    constexpr const char* kAttempt = "send descriptors";
    if (line.size() > kLongest || descriptors.size() > kMostDescriptors)
        return sys_error(kAttempt, EMSGSIZE);
    if (auto ready = wait(socket, POLLOUT, patience, kAttempt); !ready) return ready;
    iovec part{const_cast<char*>(line.data()), line.size()}; // NOLINT: it is only read
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    Control control;
    if (!descriptors.empty()) attach(message, control, descriptors);
    const ssize_t n = retry([&] { return ::sendmsg(socket, &message, MSG_NOSIGNAL); });
    if (n < 0) return sys_error(kAttempt);
    if (static_cast<std::size_t>(n) != line.size()) return sys_error(kAttempt, EMSGSIZE);
    return {};
}

Result<Received> receive_descriptors(int socket, Nanos patience) {
    constexpr const char* kAttempt = "receive descriptors";
    if (auto ready = wait(socket, POLLIN, patience, kAttempt); !ready)
        return tl::unexpected<Error>(ready.error());
    std::array<char, kLongest> text{};
    iovec part{text.data(), text.size()};
    Control control;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    const ssize_t n = retry([&] { return ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC); });
    if (n < 0) return sys_error(kAttempt);
    Received received{{text.data(), static_cast<std::size_t>(n)}, descriptors_of(message)};
    // The kernel has closed what there was no room or no descriptor for.
    if ((message.msg_flags & MSG_CTRUNC) != 0) return sys_error(kAttempt, EMFILE);
    return received;
}

Result<bool> DescriptorReader::read(int socket, Nanos patience) {
    auto received = receive_descriptors(socket, patience);
    if (!received) return tl::unexpected<Error>(received.error());
    if (text_.size() > kLongest && text_.find('\n') == std::string::npos)
        return fail(Errc::Data, "a line without its end");
    text_ += received->text;
    std::move(received->descriptors.begin(), received->descriptors.end(),
              std::back_inserter(descriptors_));
    return !received->text.empty();
}

std::optional<std::string> DescriptorReader::line() {
    const std::size_t end = text_.find('\n');
    if (end == std::string::npos) return std::nullopt;
    std::string line = text_.substr(0, end);
    text_.erase(0, end + 1);
    return line;
}

std::vector<Fd> DescriptorReader::take(std::size_t count) {
    const auto end =
        descriptors_.begin() + static_cast<std::ptrdiff_t>(std::min(count, descriptors_.size()));
    std::vector<Fd> taken(std::make_move_iterator(descriptors_.begin()),
                          std::make_move_iterator(end));
    descriptors_.erase(descriptors_.begin(), end);
    return taken;
}

} // namespace nlb::io
