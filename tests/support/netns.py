# SPDX-License-Identifier: Apache-2.0
"""Network namespaces joined by veth pairs, for tests that send real packets.

Sockets are made by a thread that has entered a namespace, processes are started by nsenter
(ip netns exec would hide /sys/fs/bpf). Names are new in every run, so that two may go on at once;
whatever a run made is gone when it ends.
"""

import contextlib
import ctypes
import itertools
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import unittest

import nlbtest

CLONE_NEWNET = 0x40000000
PINS = "/sys/fs/bpf/nlb"  # a folder for each node, which tests name after its namespace
_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count()

# What every namespace gets: addresses usable at once, no retries that hide a lost packet.
SYSCTLS = {"net.ipv6.conf.all.accept_dad": 0, "net.ipv6.conf.default.accept_dad": 0,
           "net.ipv6.conf.all.accept_ra": 0, "net.ipv6.conf.default.accept_ra": 0,
           "net.ipv4.ip_local_port_range": "20000 60999", "net.ipv4.tcp_tw_reuse": 1}
FORWARDING = {"net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1}
# What the datapath leaves to the host's stack, such as packets to be split, has the node's own
# address as its source by then.
ROUTING_OWN = {"net.ipv4.conf.all.accept_local": 1}


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")


def run(*args, check=True, **options):
    """A command that takes no time; its output on failure."""
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, check=False,
                          timeout=nlbtest.DEADLINE, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, args))}: {done.stderr.strip()}")
    return done


def missing():
    """Why this process cannot have namespaces of its own; None when it can."""
    for command in ("ip", "nsenter", "ethtool", "sysctl"):
        if shutil.which(command) is None:
            return f"{command} is not installed"
    if os.geteuid() != 0:
        return "network namespaces take root"
    name = f"nlbtest-{os.getpid()}-probe"
    made = run("ip", "netns", "add", name, check=False)
    run("ip", "netns", "del", name, check=False)
    return made.stderr.strip() or None


def sweep():
    """Removes what tests that were killed have left behind."""
    for folder in ("/run/netns", PINS):
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            match = re.fullmatch(r"nlbtest-(\d+)-.*", name)
            if match is None or os.path.exists(f"/proc/{match[1]}"):
                continue
            if folder == PINS:
                shutil.rmtree(f"{PINS}/{name}", ignore_errors=True)
            else:
                run("ip", "netns", "del", name, check=False)


def require():
    """Skips the test where there can be no namespaces; fails it where they must be."""
    reason = missing()
    if reason and nlbtest.REQUIRE_BPF:
        raise AssertionError(f"NLB_REQUIRE_BPF is set, but {reason}")
    if reason:
        raise unittest.SkipTest(reason)
    sweep()


def until(condition, what, deadline=nlbtest.DEADLINE):
    """Until condition() is true; its value."""
    end = time.monotonic() + deadline
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline} s: {what}")
        threading.Event().wait(0.01)
    return value


class Namespace:
    """One namespace; close() removes it with its devices."""

    def __init__(self, role):
        self.name = f"nlbtest-{os.getpid()}-{next(_numbers)}-{role}"
        run("ip", "netns", "add", self.name)
        self.path = f"/run/netns/{self.name}"
        self.ip("link", "set", "lo", "up")
        self.sysctl(SYSCTLS)

    def command(self, *args):
        """The words that start a program inside; nsenter becomes it and keeps the process id."""
        return ["nsenter", f"--net={self.path}", *map(str, args)]

    def run(self, *args, **options):
        return run(*self.command(*args), **options)

    def ip(self, *args, **options):
        return run("ip", "-n", self.name, *args, **options)

    def sysctl(self, values):
        self.run("sysctl", "-qw", *(f"{key}={value}" for key, value in values.items()))

    @contextlib.contextmanager
    def entered(self):
        """What this thread does meanwhile (and threads it starts) happens inside."""
        with open("/proc/thread-self/ns/net", "rb") as back, open(self.path, "rb") as here:
            _setns(here.fileno())
            try:
                yield self
            finally:
                _setns(back.fileno())

    def address(self, interface, *addresses):
        for address in addresses:
            self.ip("addr", "add", address, "dev", interface,
                    *(["nodad"] if ":" in address else []))

    def default(self, *gateways):
        for gateway in gateways:
            self.ip("-6" if ":" in gateway else "-4", "route", "add", "default", "via", gateway)

    def up(self, *interfaces):
        for interface in interfaces:
            self.ip("link", "set", "dev", interface, "up")

    def features(self, interface, **values):
        """features("c0", tx="off", gro="on"): offloads of an interface."""
        words = [word for pair in values.items() for word in pair]
        self.run("ethtool", "-K", interface, *words)

    def mtu(self, interface, size):
        self.ip("link", "set", interface, "mtu", str(size))

    def close(self):
        run("ip", "netns", "del", self.name, check=False)


class Network:
    """client (c0) -- (n0) node (n1) -- (t0) targets; the node is the way of both to the other.

    With the shape "routed" the targets are behind one more hop: (n1) -- (r0) router (r1) -- (t0).
    With "one-armed" all three hang on one switch, and the node has n0 only.
    """

    NODE, NODE6 = "10.80.0.1", "2001:db8:1::1"
    CLIENTS = ("10.80.0.2", "10.80.0.3")
    CLIENTS6 = ("2001:db8:1::2", "2001:db8:1::3")
    INSIDE, INSIDE6 = "10.80.1.1", "2001:db8:2::1"
    TARGETS = ("10.80.1.11", "10.80.1.12", "10.80.1.13")
    TARGETS6 = ("2001:db8:2::11", "2001:db8:2::12", "2001:db8:2::13")
    TRANSIT, TRANSIT6 = ("10.80.2.1", "10.80.2.2"), ("2001:db8:3::1", "2001:db8:3::2")

    def __init__(self, shape="through"):
        self.shape = shape
        self.spaces = []
        self._interfaces = {}
        try:
            self.client, self.node, self.targets = map(self._space, ("client", "node", "targets"))
            self.node.sysctl({**FORWARDING, **ROUTING_OWN})
            {"through": self._through, "routed": self._routed, "one-armed": self._one_armed}[shape]()
            self._address_clients()
            self._address_targets()
            if shape == "routed":
                self._route()
        except BaseException:
            self.close()
            raise

    def _space(self, role):
        space = Namespace(role)
        self.spaces.append(space)
        self._interfaces[space] = []
        return space

    def _join(self, one, interface, other, opposite):
        """A veth pair between two namespaces."""
        run("ip", "link", "add", "name", interface, "netns", one.name, "type", "veth",
            "peer", "name", opposite, "netns", other.name)
        for space, name in ((one, interface), (other, opposite)):
            self._interfaces[space].append(name)
            space.up(name)

    def _through(self):
        self._join(self.client, "c0", self.node, "n0")
        self._join(self.node, "n1", self.targets, "t0")
        self._inner = (self.node, "n1")

    def _routed(self):
        self.router = self._space("router")
        self.router.sysctl(FORWARDING)
        self._join(self.client, "c0", self.node, "n0")
        self._join(self.node, "n1", self.router, "r0")
        self._join(self.router, "r1", self.targets, "t0")
        self._inner = (self.router, "r1")

    def _one_armed(self):
        switch = self._space("switch")
        switch.ip("link", "add", "name", "b0", "type", "bridge")
        switch.up("b0")
        for space, interface, port in ((self.client, "c0", "s0"), (self.node, "n0", "s1"),
                                       (self.targets, "t0", "s2")):
            self._join(space, interface, switch, port)
            switch.ip("link", "set", port, "master", "b0")
        self._inner = (self.node, "n0")

    def _address_clients(self):
        self.node.address("n0", f"{self.NODE}/24", f"{self.NODE6}/64")
        self.client.address("c0", *(f"{a}/24" for a in self.CLIENTS),
                            *(f"{a}/64" for a in self.CLIENTS6))
        self.client.default(self.NODE, self.NODE6)

    def _address_targets(self):
        gate, inner = self._inner
        gate.address(inner, f"{self.INSIDE}/24", f"{self.INSIDE6}/64")
        self.targets.address("t0", *(f"{a}/24" for a in self.TARGETS),
                             *(f"{a}/64" for a in self.TARGETS6))
        self.targets.default(self.INSIDE, self.INSIDE6)

    def _route(self):
        self.node.address("n1", f"{self.TRANSIT[0]}/24", f"{self.TRANSIT6[0]}/64")
        self.router.address("r0", f"{self.TRANSIT[1]}/24", f"{self.TRANSIT6[1]}/64")
        self.router.default(self.TRANSIT[0], self.TRANSIT6[0])
        self.node.ip("route", "add", "10.80.1.0/24", "via", self.TRANSIT[1])
        self.node.ip("-6", "route", "add", "2001:db8:2::/64", "via", self.TRANSIT6[1])

    def remake_client_link(self):
        """The devices go, with what hangs on them, and others of the same names come."""
        self.client.ip("link", "del", "dev", "c0")
        for space, name in ((self.client, "c0"), (self.node, "n0")):
            self._interfaces[space].remove(name)
        self._join(self.client, "c0", self.node, "n0")
        self._address_clients()

    def interfaces(self, space):
        """The names of a namespace's veth ends."""
        return tuple(self._interfaces[space])

    def meet_neighbors(self):
        """Has the node learn the link addresses around it, as traffic of its own does."""
        for family, *addresses in ((socket.AF_INET, *self.CLIENTS, *self.TARGETS),
                                   (socket.AF_INET6, *self.CLIENTS6, *self.TARGETS6)):
            with self.node.entered(), socket.socket(family, socket.SOCK_DGRAM) as sock:
                for address in addresses:
                    sock.sendto(b"hello", (address, 9))
        wanted = 2 if self.shape == "routed" else len(self.CLIENTS) + len(self.TARGETS)
        for family in ("-4", "-6"):
            until(lambda: self.node.ip(family, "neigh").stdout.count("lladdr") >= wanted,
                  "link addresses of all neighbors")

    def close(self):
        for space in self.spaces:
            space.close()
