// SPDX-License-Identifier: Apache-2.0
#include "sandbox/sandbox.hpp"

#include "io/capabilities.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

using namespace nlb;

namespace {

/// Two folders, one of which stays.
struct Folders {
    Folders() {
        std::string path = "/tmp/nlb-sandbox-XXXXXX";
        BOOST_REQUIRE(::mkdtemp(path.data()) != nullptr);
        top = path;
        for (const std::string& folder : {inside(), outside()}) {
            BOOST_REQUIRE(::mkdir(folder.c_str(), 0700) == 0);
            make(folder + "/there");
        }
    }

    ~Folders() {
        for (const std::string& folder : {inside(), outside()}) {
            for (const char* name : {"/there", "/new", "/socket"})
                ::unlink((folder + name).c_str());
            ::rmdir(folder.c_str());
        }
        ::rmdir(top.c_str());
    }

    Folders(const Folders&) = delete;
    Folders& operator=(const Folders&) = delete;

    static bool make(const std::string& path) {
        const int fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        return fd >= 0 && ::close(fd) == 0;
    }

    [[nodiscard]] std::string inside() const { return top + "/inside"; }

    [[nodiscard]] std::string outside() const { return top + "/outside"; }

    std::string top;
};

/// Does `act` in a child that is in the sandbox; it exits with what `act` returns.
int status_of(const sandbox::Rights& rights, const std::function<int()>& act) {
    const pid_t child = ::fork();
    if (child == 0) {
        bool lacks = false;
        const auto in = sandbox::enter(rights, [&](const std::string&) { lacks = true; });
        ::_exit(!in ? 101 : lacks ? 102 : act());
    }
    int status = 0;
    BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
    return status;
}

/// The exit status, or -1 of one that was killed.
int exit_of(const sandbox::Rights& rights, const std::function<int()>& act) {
    const int status = status_of(rights, act);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int can_open(const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    return fd >= 0 ? 0 : errno;
}

int can_open_socket(int family, int type, int protocol) {
    return ::socket(family, type | SOCK_CLOEXEC, protocol) >= 0 ? 0 : errno;
}

bool has_landlock() {
    return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(sandbox_sandbox, *boost::unit_test::precondition([](auto) {
                          return boost::test_tools::assertion_result(has_landlock());
                      }))

BOOST_AUTO_TEST_CASE(only_files_of_the_folders_that_stay_can_be_opened) {
    const Folders folders;
    const sandbox::Rights reads{.folders = {{folders.inside(), false}}};
    const sandbox::Rights writes{.folders = {{folders.inside(), true}}};
    const std::string there = folders.inside() + "/there";
    const std::string fresh = folders.inside() + "/new";
    const std::string beyond = folders.outside() + "/there";
    BOOST_TEST(exit_of(reads, [&] { return can_open(there, O_RDONLY); }) == 0);
    BOOST_TEST(exit_of(reads, [&] { return can_open(there, O_WRONLY); }) == EACCES);
    BOOST_TEST(exit_of(reads, [&] { return can_open(fresh, O_CREAT | O_WRONLY); }) == EACCES);
    BOOST_TEST(exit_of(writes, [&] { return can_open(fresh, O_CREAT | O_WRONLY); }) == 0);
    BOOST_TEST(exit_of(writes, [&] { return can_open(beyond, O_RDONLY); }) == EACCES);
    BOOST_TEST(exit_of(writes, [] { return can_open("/etc/passwd", O_RDONLY); }) == EACCES);
    BOOST_TEST(exit_of(writes, [&] { return ::unlink(beyond.c_str()) == 0 ? 0 : errno; }) ==
               EACCES);
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_not_there_is_left_out) {
    const sandbox::Rights rights{.folders = {{"/nowhere/at/all", true}}};
    BOOST_TEST(exit_of(rights, [] { return 7; }) == 7);
}

BOOST_AUTO_TEST_CASE(files_move_and_folders_go_in_a_tree_only) {
    const Folders folders;
    const auto move_and_remove = [](const std::string& top) {
        const std::string folder = top + "/folder";
        const std::string there = top + "/there";
        const std::string moved = folder + "/there";
        if (::mkdir(folder.c_str(), 0700) != 0) return errno;
        if (::rename(there.c_str(), moved.c_str()) != 0) return errno;
        if (::rename(moved.c_str(), there.c_str()) != 0) return errno;
        return ::rmdir(folder.c_str()) == 0 ? 0 : errno;
    };
    const sandbox::Rights tree{.folders = {{folders.inside(), true, true}}};
    const sandbox::Rights writes{.folders = {{folders.inside(), true}}};
    BOOST_TEST(exit_of(tree, [&] { return move_and_remove(folders.inside()); }) == 0);
    BOOST_TEST(exit_of(tree, [&] { return move_and_remove(folders.outside()); }) == EACCES);
    BOOST_TEST(exit_of(writes, [&] { return move_and_remove(folders.inside()); }) == EXDEV);
    ::rmdir((folders.inside() + "/folder").c_str());
}

BOOST_AUTO_TEST_CASE(unix_sockets_are_made_in_a_writable_folder) {
    const Folders folders;
    const auto bind_in = [](const std::string& folder) {
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        (folder + "/socket").copy(address.sun_path, sizeof address.sun_path - 1);
        const auto* raw = reinterpret_cast<const sockaddr*>(&address);
        return ::bind(fd, raw, sizeof address) == 0 ? 0 : errno;
    };
    const sandbox::Rights rights{.folders = {{folders.inside(), true}}};
    BOOST_TEST(exit_of(rights, [&] { return bind_in(folders.inside()); }) == 0);
    BOOST_TEST(exit_of(rights, [&] { return bind_in(folders.outside()); }) == EACCES);
}

BOOST_AUTO_TEST_CASE(streams_and_datagrams_stay_and_raw_sockets_go) {
    const sandbox::Rights rights;
    const auto outcome = [&](int family, int type, int protocol = 0) {
        return exit_of(rights, [=] { return can_open_socket(family, type, protocol); });
    };
    for (const int family : {AF_INET, AF_INET6, AF_UNIX}) {
        BOOST_TEST(outcome(family, SOCK_STREAM | SOCK_NONBLOCK) == 0);
        BOOST_TEST(outcome(family, SOCK_DGRAM) == 0);
    }
    BOOST_TEST(outcome(AF_NETLINK, SOCK_RAW, 0) == 0);      // routes
    BOOST_TEST(outcome(AF_NETLINK, SOCK_RAW, 9) == ENOSYS); // audit
    BOOST_TEST(outcome(AF_INET, SOCK_RAW, 1) == ENOSYS);
    BOOST_TEST(outcome(AF_PACKET, SOCK_RAW) == ENOSYS);
    BOOST_TEST(outcome(AF_ALG, SOCK_SEQPACKET) == ENOSYS);
}

BOOST_AUTO_TEST_CASE(a_call_that_is_not_needed_fails) {
    const auto set_host_name = [] { return ::sethostname("x", 1) == 0 ? 0 : errno; };
    BOOST_TEST(exit_of({}, set_host_name) == ENOSYS);
}

BOOST_AUTO_TEST_CASE(who_runs_a_program_is_killed) {
    const auto killed_by = [](const std::function<int()>& act) {
        const int status = status_of({}, act);
        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    };
    BOOST_TEST(killed_by([] { return ::execl("/bin/true", "true", nullptr); }) == SIGSYS);
    BOOST_TEST(killed_by([] { return static_cast<int>(::syscall(SYS_bpf, 0, nullptr, 0)); }) ==
               SIGSYS);
    BOOST_TEST(killed_by([] { return static_cast<int>(::syscall(SYS_unshare, 0)); }) == SIGSYS);
}

BOOST_AUTO_TEST_CASE(threads_can_be_started_and_are_in_it_too) {
    const auto in_a_thread = [] {
        int outcome = 0;
        std::thread([&] { outcome = can_open("/etc/passwd", O_RDONLY); }).join();
        return outcome;
    };
    BOOST_TEST(exit_of({}, in_a_thread) == EACCES);
}

BOOST_AUTO_TEST_CASE(capabilities_that_are_not_kept_are_gone) {
    if (!io::has_capability(CAP_NET_BIND_SERVICE)) return; // there is nothing to give up
    const auto has = [](unsigned capability) { return io::has_capability(capability) ? 1 : 0; };
    BOOST_TEST(exit_of({.capabilities = {CAP_NET_BIND_SERVICE}},
                       [&] { return has(CAP_NET_BIND_SERVICE) * 2 + has(CAP_KILL); }) == 2);
    BOOST_TEST(exit_of({}, [&] { return has(CAP_NET_BIND_SERVICE); }) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
