# SPDX-License-Identifier: Apache-2.0
"""nlb-forward run: max_connections, and many connections at a moment."""

import resource
import signal
import socket

import nlbtest
import proxyheader
from forwarder import LISTENER, Forwarder, listener, route, route_set, routing, was_reset

OTHER = "listener/net/lb/0123456789abcdef/0123456789abcdef"
OTHER_GROUP = "targetgroup/other/fedcba9876543210"


class Limited(Forwarder):
    """Some clients are served, the others wait in the kernel until one of those has gone."""

    def setUp(self):
        super().setUp()
        self.port = nlbtest.free_port()
        self.server = self.serve(nlbtest.echo)

    def lines(self, **more):
        return listener(self.port, **more), routing(), route(self.server.port)

    def many(self, count):
        clients = [self.connect(self.port) for _ in range(count)]
        for client in clients:
            client.sendall(b"x")
        return clients

    def one_served(self, clients):
        """Takes out the first of the clients that gets its answer."""
        for client in clients:
            client.setblocking(False)
        while True:
            for client in nlbtest.readable(clients):
                clients.remove(client)
                client.settimeout(nlbtest.DEADLINE)
                self.assertEqual(client.recv(1), b"x")
                return client

    def counts(self, forward):
        forward.signal(signal.SIGUSR1)
        return tuple(forward.out.wait_for_message("counter", name=name, listener=LISTENER)["value"]
                     for name in ("ActiveFlowCount", "NewFlowCount", "ConnectionLimitReachedCount"))

    def wait_full(self, forward):
        forward.err.wait_for(lambda line: "places of max_connections are taken" in line)

    def test_who_finds_no_place_waits_for_the_end_of_another(self):
        forward = self.forward(*self.lines(max_connections=3))
        waiting = self.many(8)
        self.wait_full(forward)
        served = [self.one_served(waiting) for _ in range(3)]
        for gone in range(5):
            active, opened, reached = self.counts(forward)
            self.assertEqual((active, opened), (3, 3 + gone))
            self.assertGreater(reached, 0)
            served.pop(0).close()
            served.append(self.one_served(waiting))
        self.assertEqual(waiting, [])

    def test_a_larger_limit_serves_those_who_wait_and_a_smaller_one_ends_nobody(self):
        forward = self.forward(*self.lines(max_connections=2))
        waiting = self.many(6)
        self.wait_full(forward)
        served = [self.one_served(waiting) for _ in range(2)]
        self.apply(forward, *self.lines(max_connections=4))
        served += [self.one_served(waiting) for _ in range(2)]
        self.apply(forward, *self.lines(max_connections=1))
        for client in served:
            client.sendall(b"y")
            self.assertEqual(client.recv(1), b"y")
        self.apply(forward, *self.lines())
        served += [self.one_served(waiting) for _ in range(2)]
        self.assertEqual(self.counts(forward)[:2], (6, 6))

    def test_another_listener_has_its_own(self):
        forward = self.forward(*self.lines(max_connections=1))
        port = nlbtest.free_port()
        forward.send(*route_set(2, listener(port, name=OTHER, group=OTHER_GROUP),
                                routing(group=OTHER_GROUP),
                                route(self.server.port, group=OTHER_GROUP), scope=OTHER_GROUP))
        forward.out.wait_for_message("route-applied", generation=2)
        waiting = self.many(3)
        self.wait_full(forward)
        self.one_served(waiting)
        for _ in range(20):
            client = self.connect(port)
            client.sendall(b"z")
            self.assertEqual(client.recv(1), b"z")
        self.assertEqual(self.counts(forward)[:2], (1, 1))

    def test_who_waits_at_a_listener_that_goes_is_reset(self):
        forward = self.forward(*self.lines(max_connections=1))
        waiting = self.many(4)
        self.wait_full(forward)
        served = self.one_served(waiting)
        self.apply(forward, routing(), route(self.server.port))
        for client in waiting:
            client.settimeout(nlbtest.DEADLINE)
            self.assertTrue(was_reset(client))
        served.sendall(b"y")
        self.assertEqual(served.recv(1), b"y")
        self.apply(forward, *self.lines(max_connections=2))
        self.one_served(self.many(1))

    def test_who_waits_is_served_by_the_process_that_takes_over(self):
        takeover = ("--takeover", "unix:meeting")
        first = self.forward(*self.lines(max_connections=1), options=takeover)
        waiting = self.many(2)
        self.wait_full(first)
        served = self.one_served(waiting)
        self.forward(*self.lines(max_connections=1), options=takeover)
        self.one_served(waiting)
        served.sendall(b"y")
        self.assertEqual(served.recv(1), b"y")


class Bursts(Forwarder):
    """What comes while nobody looks is neither lost nor in the way of others."""

    @staticmethod
    def connect_all(port, count):
        clients = []
        for _ in range(count):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
            clients.append(client)
        return clients

    def test_four_thousand_handshakes_at_once(self):
        count = 4000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with open("/proc/sys/net/core/somaxconn", encoding="ascii") as file:
            somaxconn = int(file.read())
        if hard < 3 * count or somaxconn < count:
            self.skipTest(f"at most {hard} descriptors and {somaxconn} waiting connections")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        server = nlbtest.ManyEchoes()
        self.addCleanup(server.close)
        forward, port = self.to(server)
        forward.hold()
        clients = self.connect_all(port, count)
        for client in clients:
            self.addCleanup(client.close)
            client.settimeout(nlbtest.DEADLINE)
            client.sendall(b"x")
        forward.signal(signal.SIGCONT)
        for client in clients:
            self.assertEqual(client.recv(1), b"x")
        self.assertEqual(self.counter(forward, "NewFlowCount"), count)

    def test_a_busy_listener_lets_others_have_their_turn(self):
        target = socket.create_server(("127.0.0.1", 0), backlog=4096)
        target.settimeout(nlbtest.DEADLINE)
        self.addCleanup(target.close)
        server_port = target.getsockname()[1]
        busy, quiet = nlbtest.free_port(), nlbtest.free_port()
        forward = self.forward(listener(busy), routing(proxy_protocol_v2=True),
                               route(server_port), threads=1)
        forward.send(*route_set(2, listener(quiet, name=OTHER, group=OTHER_GROUP),
                                routing(group=OTHER_GROUP, proxy_protocol_v2=True),
                                route(server_port, group=OTHER_GROUP), scope=OTHER_GROUP))
        forward.out.wait_for_message("route-applied", generation=2)
        forward.hold()
        clients = self.connect_all(busy, 900) + self.connect_all(quiet, 1)
        for client in clients:
            self.addCleanup(client.close)
        forward.signal(signal.SIGCONT)
        before = 0  # connections of the busy one that the target gets first
        while self.asked_port(target) == busy:
            before += 1
        self.assertLessEqual(before, 64)

    def asked_port(self, target):
        """Where the next connection to the target was made to, as its PROXY header tells."""
        connection, _ = target.accept()
        self.addCleanup(connection.close)
        connection.settimeout(nlbtest.DEADLINE)
        return proxyheader.parse(proxyheader.read(connection)).destination[1]


if __name__ == "__main__":
    nlbtest.main()
