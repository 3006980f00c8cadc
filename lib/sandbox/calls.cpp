// SPDX-License-Identifier: Apache-2.0
#include "sandbox/calls.hpp"

#include "sandbox/sanitizers.hpp"

#include "io/fd.hpp"

#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <initializer_list>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

namespace nlb::sandbox {

namespace {

// By name, because not every architecture has each of them.
constexpr std::string_view kMemoryAndThreads =
    "brk mmap mprotect mremap munmap madvise membarrier futex rseq set_robust_list set_tid_address "
    "sched_getaffinity sched_getattr sched_setattr sched_yield gettid getpid getppid getuid "
    "geteuid getgid getegid exit "
    "exit_group restart_syscall uname getrandom getrlimit prlimit64 getrusage capget sysinfo "
    "getcwd";
constexpr std::string_view kSignalsAndTime =
    "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending sigaltstack tgkill clock_gettime "
    "clock_getres clock_nanosleep nanosleep gettimeofday time";
constexpr std::string_view kFiles = // which ones, Landlock decides
    "open openat close read readv pread64 write writev pwrite64 lseek fstat stat lstat newfstatat "
    "statx fcntl fsync fdatasync ftruncate getdents getdents64 readlink readlinkat access "
    "faccessat "
    "faccessat2 flock mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 chmod fchmod "
    "fchmodat "
    "umask dup dup2 dup3 pipe2 splice statfs fstatfs";
constexpr std::string_view kEvents =
    "epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd2 signalfd4 poll ppoll "
    "timerfd_create timerfd_settime";
constexpr std::string_view kSockets = // socket() itself by family
    "bind connect listen accept accept4 getsockopt setsockopt getsockname getpeername shutdown "
    "sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg socketpair";

constexpr std::string_view kDeadly =
    "execve execveat fork vfork ptrace process_vm_readv process_vm_writev bpf mount umount2 "
    "pivot_root chroot setns unshare init_module finit_module kexec_load kexec_file_load "
    "io_uring_setup userfaultfd perf_event_open open_by_handle_at keyctl add_key request_key "
    "move_mount open_tree fsopen";

/// The leak check stops the other threads from a process of its own.
constexpr std::string_view kOfSanitizers = "ptrace clone wait4 prctl kill personality";

/// Of the kernel datapath: its maps, and names of interfaces.
constexpr std::string_view kOfBpf = "bpf ioctl";

using Names = std::set<std::string>;

void insert(std::string_view words, Names& names) {
    std::istringstream in{std::string(words)};
    names.insert(std::istream_iterator<std::string>(in), {});
}

class Filter {
  public:
    Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), &seccomp_release) {}

    /// Whatever its arguments are. One that the architecture lacks is left out.
    void add(std::uint32_t action, const std::string& name) {
        const int number = seccomp_syscall_resolve_name(name.c_str());
        if (number >= 0) note(seccomp_rule_add_array(context_.get(), action, number, 0, nullptr));
    }

    void allow_if(const char* name, std::initializer_list<scmp_arg_cmp> arguments) {
        note(seccomp_rule_add_array(context_.get(), SCMP_ACT_ALLOW,
                                    seccomp_syscall_resolve_name(name),
                                    static_cast<unsigned>(arguments.size()), arguments.begin()));
    }

    Result<void> load() {
        // The kernel logs who is killed anyway; the rest, which calls to add, where tests run.
        if (kHasSanitizer) note(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_LOG, 1));
        note(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2)); // a tree, not a list
        if (error_ == 0) note(seccomp_load(context_.get()));
        return error_ == 0 ? Result<void>() : io::sys_error("seccomp", error_);
    }

  private:
    void note(int result) {
        if (result != 0 && error_ == 0) error_ = -result;
    }

    std::unique_ptr<void, decltype(&seccomp_release)> context_;
    int error_ = 0;
};

constexpr scmp_datum_t kInt = 0xffffffff; // what the kernel looks at of an int

/// The argument is `value`, bits outside of `mask` aside. (The macros of seccomp.h are C.)
scmp_arg_cmp is(unsigned argument, int value, scmp_datum_t mask = kInt) {
    return {argument, SCMP_CMP_MASKED_EQ, mask, static_cast<scmp_datum_t>(value)};
}

/// Streams and datagrams, no raw packets; of the kernel's own families routes only.
void allow_sockets(Filter& filter) {
    constexpr scmp_datum_t kType = kInt & ~scmp_datum_t{SOCK_CLOEXEC | SOCK_NONBLOCK};
    for (const int family : {AF_UNIX, AF_INET, AF_INET6}) {
        for (const int type : {SOCK_STREAM, SOCK_DGRAM})
            filter.allow_if("socket", {is(0, family), is(1, type, kType)});
    }
    filter.allow_if("socket", {is(0, AF_NETLINK), is(2, NETLINK_ROUTE)});
}

/// Threads, no processes.
void allow_threads(Filter& filter) {
    filter.allow_if("clone", {is(0, CLONE_THREAD, CLONE_THREAD)});
    for (const int about_itself : {PR_SET_NAME, PR_SET_TIMERSLACK})
        filter.allow_if("prctl", {is(0, about_itself)});
}

} // namespace

Result<void> keep_calls(bool uses_bpf) {
    Names allowed;
    for (const auto words : {kMemoryAndThreads, kSignalsAndTime, kFiles, kEvents, kSockets})
        insert(words, allowed);
    if (kHasSanitizer) insert(kOfSanitizers, allowed);
    if (uses_bpf) insert(kOfBpf, allowed);
    Names deadly;
    insert(kDeadly, deadly);
    Filter filter;
    for (const std::string& name : allowed)
        filter.add(SCMP_ACT_ALLOW, name);
    for (const std::string& name : deadly) {
        if (!allowed.contains(name)) filter.add(SCMP_ACT_KILL_PROCESS, name);
    }
    allow_sockets(filter);
    if (!kHasSanitizer) allow_threads(filter);
    return filter.load();
}

} // namespace nlb::sandbox
