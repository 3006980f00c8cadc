# SPDX-License-Identifier: Apache-2.0
"""What the benches that let several forwarders take turns have in common."""

import json
import os
import shutil
import socket
import statistics
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", ".."))
# name: (client mode, connections, offset of the target's port)
WORK = {"bulk1": ("bulk", 1, 1), "bulk16": ("bulk", 16, 1), "pingpong256": ("pingpong", 256, 0),
        "paced256": ("paced", 256, 0), "connect64": ("connect", 64, 2),
        "udp64": ("datagram", 64, 3), "udp64x4": ("datagrams", 64, 4),
        "udp64gso": ("segments", 64, 5)}
PROTOCOLS = ("TCP", "TCP", "TCP", "UDP", "UDP", "UDP")  # of the targets' ports
GROUP = "targetgroup/bench/0123456789abcdef"

HAPROXY = """global
    nbthread {threads}
    maxconn 4000
defaults
    mode tcp
    timeout connect 30s
    timeout client 350s
    timeout server 350s
    option splice-auto
"""

NGINX_STREAM = "/usr/lib/nginx/modules/ngx_stream_module.so"
NGINX = f"load_module {NGINX_STREAM};" + """
worker_processes {threads};
master_process {master};
daemon off;
pid {folder}/nginx.pid;
error_log stderr emerg;
events {{ worker_connections 4096; }}
stream {{
"""


def build_load(folder):
    """The program that makes the load; its path."""
    path = os.path.join(folder, "load")
    sources = [os.path.join(HERE, "proxy", name + ".cpp")
               for name in ("load", "datagrams", "paced")]
    subprocess.run(["g++", "-std=c++20", "-O2", "-o", path, *sources], check=True)
    return path


def route_set(listeners, address, targets, preserve=False, first=0, more=False):
    """Lines of a group for each (listener's port, protocol, targets' port); the groups have
    numbers from `first`, and `more` says that others follow."""
    lines = []
    for i, (port, protocol, target_port) in enumerate(listeners, first):
        group = f"{GROUP[:-1]}{i}"
        routes = [{"type": "route", "group": group, "zone": "a", "target": f"{t}:{target_port}",
                   "address": t, "port": target_port, "eligible": True, "reason": "healthy",
                   "state": "healthy"} for t in targets]
        lines += [{"type": "set-begin", "set": "route-set", "scope": group, "generation": 1},
                  {"type": "listener", "listener": f"listener/{i}", "load_balancer": "net/b/1",
                   "zone": "a", "protocol": protocol, "address": address, "port": port,
                   "group": group, "idle_timeout_ms": 350000},
                  {"type": "routing", "group": group, "zone": "a", "source": address,
                   "mode": "healthy", "preserve_client_ip": preserve, "proxy_protocol_v2": False,
                   "sticky": False},
                  *routes,
                  {"type": "set-end", "set": "route-set", "scope": group, "generation": 1,
                   "count": 2 + len(routes), "more": more or i < first + len(listeners) - 1}]
    return "".join(json.dumps(line) + "\n" for line in lines)


def haproxy_file(folder, threads, listeners, address, targets):
    """A configuration that does the same; its path."""
    text = HAPROXY.format(threads=threads)
    for i, (port, protocol, target_port) in enumerate(listeners):
        if protocol != "TCP":
            continue
        text += f"listen l{i}\n    bind {address}:{port}\n"
        for number, target in enumerate(targets):
            text += f"    server s{number} {target}:{target_port}\n"
    path = os.path.join(folder, "haproxy.cfg")
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


def nginx_file(folder, threads, listeners, address, targets):
    """A configuration of nginx (stream module) for the UDP ones; its path."""
    text = NGINX.format(threads=threads, master="off" if threads == 1 else "on", folder=folder)
    for i, (port, protocol, target_port) in enumerate(listeners):
        if protocol == "UDP":
            servers = " ".join(f"server {target}:{target_port};" for target in targets)
            text += (f"    upstream u{i} {{ {servers} }}\n"
                     f"    server {{ listen {address}:{port} udp reuseport; proxy_pass u{i}; }}\n")
    path = os.path.join(folder, "nginx.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(text + "}\n")
    return path


def has_nginx():
    return shutil.which("nginx") is not None and os.path.exists(NGINX_STREAM)


def udp_answers(address, port):
    """Whether something comes back from there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.1)
        try:
            asking.connect((address, port))
            asking.send(b"?")
            return asking.recv(1) == b"?"
        except OSError:
            return False


def cpu_seconds(pid):
    """User and system time of a process so far, all threads. [clock_getcpuclockid(3)]"""
    return time.clock_gettime(~pid << 3 | 2)


def cpu_with_children(pid):
    """The same of a process and those it started."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return cpu_seconds(pid) + sum(cpu_seconds(int(child)) for child in file.read().split())


def is_udp(work):
    return PROTOCOLS[WORK[work][2]] == "UDP"


def measure(command, seconds, work, address, port, cpu):
    """One run of the load; cpu() is what the forwarder has used so far, in seconds."""
    mode, connections, offset = WORK[work]
    before = cpu()
    done = subprocess.run([*command, mode, address, str(port + offset), str(connections),
                           str(seconds)], stdout=subprocess.PIPE, check=True)
    said = json.loads(done.stdout)
    used = cpu() - before
    if mode == "bulk":
        said["cpu"] = used / max(said["bytes"], 1) * 1e9
        said["rate"] = said["bytes"] / said["seconds"] / 1e9
    else:
        said["cpu"] = used / max(said["operations"], 1) * 1e5
        said["rate"] = said["operations"] / said["seconds"]
    return said


def show(results, names):
    """Medians of results[work, name], and ratios of the first name to each other one: the median
    over the rounds, of which both had the same noise."""
    print(f"{'work':12} {'peer':20} {'rate':>10} {'cpu':>8} {'p50_us':>9} {'p99_us':>9} {'failed':>6}")
    print(" " * 12 + "rate: GB/s or operations/s; cpu: seconds per GB or per 100,000 operations")
    keys = ("rate", "cpu", "p50_us", "p99_us")
    for work in WORK:
        first = results.get((work, names[0]), [])
        for name in names:
            runs = results.get((work, name), [])
            if not runs:
                continue
            m = {k: statistics.median(r[k] for r in runs) for k in (*keys, "failed")}
            print(f"{work:12} {name:20} {m['rate']:10.2f} {m['cpu']:8.3f} {m['p50_us']:9.1f} "
                  f"{m['p99_us']:9.1f} {m['failed']:6.0f}")
        for name in names[1:]:
            pairs = list(zip(first, results.get((work, name), [])))
            if not pairs:
                continue
            ratio = {k: statistics.median(a[k] / b[k] if b[k] else 0 for a, b in pairs)
                     for k in keys}
            label = f"{names[0]}/{name}"
            print(f"{work:12} {label:20} {ratio['rate']:10.2f} {ratio['cpu']:8.2f} "
                  f"{ratio['p50_us']:9.2f} {ratio['p99_us']:9.2f}")
