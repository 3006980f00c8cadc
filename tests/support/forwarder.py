# SPDX-License-Identifier: Apache-2.0
"""nlb-forward run with route-sets that a test writes by hand."""

import signal
import socket

import nlbtest

GROUP = "targetgroup/web/0123456789abcdef"
LISTENER = "listener/net/lb/0123456789abcdef/fedcba9876543210"
MIB = 1 << 20


def listener(port, address="127.0.0.1", name=LISTENER, zone="a", idle_ms=350000, **more):
    return {"type": "listener", "listener": name, "load_balancer": "net/lb/0123456789abcdef",
            "zone": zone, "protocol": "TCP", "address": address, "port": port, "group": GROUP,
            "idle_timeout_ms": idle_ms, **more}


def routing(zone="a", source="127.0.0.1", **more):
    return {"type": "routing", "group": GROUP, "zone": zone, "source": source, "mode": "healthy",
            "preserve_client_ip": False, "proxy_protocol_v2": False, "sticky": False, **more}


def route(port, target=None, eligible=True, zone="a", address="127.0.0.1", **more):
    return {"type": "route", "group": GROUP, "zone": zone, "target": target or f"t:{port}",
            "address": address, "port": port, "eligible": eligible,
            "reason": "healthy" if eligible else "unhealthy",
            "state": "healthy" if eligible else "unhealthy", **more}


def route_set(generation, *lines, scope=GROUP):
    return [{"type": "set-begin", "set": "route-set", "scope": scope, "generation": generation},
            *lines,
            {"type": "set-end", "set": "route-set", "scope": scope, "generation": generation,
             "count": len(lines)}]


def was_reset(connect):
    """Connects and reads to the end; whether that was a reset. It may come so early that already
    the connect reports it."""
    try:
        connection = connect() if callable(connect) else connect
        nlbtest.read_all(connection)
        return False
    except ConnectionResetError:
        return True


class Forwarder(nlbtest.TestCase):
    prefix = ()  # words before the command: where it runs

    def serve(self, serve, **options):
        server = nlbtest.Server(serve, **options)
        self.addCleanup(server.close)
        return server

    def forward(self, *lines, threads=2, options=(), wait=True, **process):
        """nlb-forward with a first route-set in force."""
        forward = self.start(*self.prefix, nlbtest.tool("nlb-forward"), "run", "-j", str(threads),
                             "--records", "-", "--counters-interval", "0", *options, **process)
        self.generation = 0
        self.apply(forward, *lines, wait=wait)
        return forward

    def apply(self, forward, *lines, wait=True):
        self.generation += 1
        forward.send(*route_set(self.generation, *lines))
        if wait:
            forward.out.wait_for_message("route-applied", generation=self.generation)

    def to(self, *servers, idle_ms=350000, **options):
        """A forwarder in front of the servers: (process, port)."""
        port = nlbtest.free_port()
        forward = self.forward(listener(port, idle_ms=idle_ms), routing(),
                               *[route(s.port) for s in servers], **options)
        return forward, port

    def silent_port(self):
        """A port of a listener whose accept queue is full: further SYNs are not answered."""
        full = socket.socket()
        self.addCleanup(full.close)
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            self.addCleanup(filler.close)
        return full.getsockname()[1]

    def connect(self, port, address="127.0.0.1"):
        connection = socket.create_connection((address, port), timeout=nlbtest.DEADLINE)
        self.addCleanup(connection.close)
        return connection

    def flow(self, forward, **members):
        return forward.out.wait_for_message("flow", **members)

    def counter(self, forward, name):
        forward.signal(signal.SIGUSR1)
        return forward.out.wait_for_message("counter", name=name)["value"]
