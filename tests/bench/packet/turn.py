# SPDX-License-Identifier: Apache-2.0
"""The network of a bench in this folder: a node with a CPU of its own between client and targets."""

import contextlib
import os
import shutil
import subprocess
import sys

import netns
import side_by_side as bench

PORT = 7000
OTHERS_CPU, NODE_CPU = 0, 1


def on(cpu, *command):
    return ["taskset", "-c", str(cpu), *map(str, command)]


def napi_threads(interface):
    """Kernel threads that receive for devices of this name, in whatever namespace."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/comm", encoding="ascii") as file:
            if file.read().startswith(f"napi/{interface}-"):
                found.add(int(pid))
    return found


class Turn:
    """The network of one turn, with every packet the node receives handled by NODE_CPU."""

    def __init__(self, binaries, scratch, load, meter):
        self.bin, self.scratch, self.load, self.meter = binaries, scratch, load, meter
        self.stack = contextlib.ExitStack()
        self.node_pids = []

    def __enter__(self):
        with self.stack:
            self.net = netns.Network()
            self.stack.callback(self.net.close)
            for space in self.net.spaces:
                self.steer(space, NODE_CPU if space is self.net.node else OTHERS_CPU)
            self.net.client.sysctl({"net.ipv4.ip_local_port_range": "1024 65000"})
            for target in self.net.TARGETS:
                server = self.spawn(self.net.targets, OTHERS_CPU, self.load, "serve", target, PORT)
                server.stdout.readline()
            self.net.meet_neighbors()
            self.stack = self.stack.pop_all()
        return self

    def steer(self, space, cpu):
        """Has what arrives in a namespace handled by one CPU. Its /sys is only seen from within."""
        for name in self.net.interfaces(space):
            netns.run("ip", "netns", "exec", space.name, "sh", "-c",
                      f"echo {1 << cpu:x} > /sys/class/net/{name}/queues/rx-0/rps_cpus")

    def __exit__(self, *_):
        self.stack.close()

    def prepare_xdp(self):
        """XDP takes whole checksums and devices with NAPI at the far ends."""
        for space, name in ((self.net.client, "c0"), (self.net.targets, "t0")):
            space.features(name, tx="off", gro="on")

    def pin_napi(self):
        """Devices with NAPI receive on the CPU of the sender, unless a thread does it."""
        for space in self.net.spaces:
            for name in self.net.interfaces(space):
                before = napi_threads(name)
                netns.run("ip", "netns", "exec", space.name, "sh", "-c",
                          f"echo 1 > /sys/class/net/{name}/threaded")
                for pid in napi_threads(name) - before:
                    is_node = space is self.net.node
                    netns.run("taskset", "-cp", NODE_CPU if is_node else OTHERS_CPU, pid)
                    if is_node:
                        self.charge(pid)

    def spawn(self, space, cpu, *command, **more):
        process = subprocess.Popen(on(cpu, *space.command(*command)), stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, **more)
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        return process

    def on_node(self, *command, **more):
        """A process that is part of the node."""
        process = self.spawn(self.net.node, NODE_CPU, *command, **more)
        self.charge(process.pid)
        return process

    def charge(self, pid):
        """What this process or thread of the kernel does is the node's."""
        self.node_pids.append(pid)
        self.meter.charge(pid)

    def cpu(self):
        """Seconds the node has used: its processes, and packet work of its CPU."""
        return self.meter.seconds(NODE_CPU) + sum(map(bench.cpu_seconds, self.node_pids))

    def forward_in_kernel(self, hook, lines, *words):
        """nlb-forward on all interfaces of the node, with these route-sets in force; its process."""
        if hook == "xdp":
            self.prepare_xdp()
        for name in self.net.interfaces(self.net.node):
            words += ("--interface", name)
        self.stack.callback(shutil.rmtree, f"{netns.PINS}/{self.net.node.name}", True)
        process = self.on_node(os.path.join(self.bin, "nlb-forward"), "run", "--datapath", "kernel",
                               "--node", self.net.node.name, "--hook", hook, *words,
                               stdin=subprocess.PIPE)
        process.stdin.write(lines.encode())
        process.stdin.flush()
        while b"route-applied" not in (line := process.stdout.readline()):
            if not line:
                sys.exit("nlb-forward does not start")
        if hook == "xdp":
            self.pin_napi()
        return process

    def measure(self, work, seconds):
        return bench.measure(on(OTHERS_CPU, *self.net.client.command(self.load)), seconds, work,
                             self.net.NODE, PORT, self.cpu)
