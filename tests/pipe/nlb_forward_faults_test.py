# SPDX-License-Identifier: Apache-2.0
"""nlb-forward run: silence, keepalives, urgent data, storms of resets, targets that die."""

import os
import queue
import socket
import threading

import nlbtest
from forwarder import MIB, Forwarder, listener, route, route_set, routing, was_reset

OTHER = "listener/net/lb/0123456789abcdef/0123456789abcdef"


class Idle(Forwarder):
    @staticmethod
    def keep_alive(connection, on=1):
        """Asks the kernel for a keepalive packet every second."""
        for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL):
            connection.setsockopt(socket.IPPROTO_TCP, option, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, on)

    def used(self, port):
        client = self.connect(port)
        self.assert_open(client)
        return client

    def assert_open(self, client):
        client.sendall(b"?")
        self.assertEqual(client.recv(1), b"?")

    def wait_idle(self, forward, client):
        self.flow(forward, end="idle-timeout", client_port=client.getsockname()[1])

    def test_keepalives_of_either_side_are_activity(self):
        targets = queue.Queue()

        def serve(connection):
            targets.put(connection)
            nlbtest.echo(connection)

        forward, port = self.to(self.serve(serve), idle_ms=2500)
        by_client = self.used(port)
        self.keep_alive(by_client)
        targets.get(timeout=nlbtest.DEADLINE)
        by_target = self.used(port)
        self.keep_alive(targets.get(timeout=nlbtest.DEADLINE))
        for _ in range(2):  # two timeouts pass
            self.wait_idle(forward, self.used(port))
        self.assert_open(by_client)
        self.assert_open(by_target)
        self.keep_alive(by_client, 0)
        self.wait_idle(forward, by_client)
        self.assertTrue(was_reset(by_client))
        self.assert_open(by_target)

    def test_each_listener_has_its_own_timeout(self):
        short, long = nlbtest.free_port(), nlbtest.free_port()
        server = self.serve(nlbtest.echo)
        forward = self.forward(listener(short, idle_ms=500), listener(long, name=OTHER),
                               routing(), route(server.port))
        kept = self.used(long)
        self.wait_idle(forward, self.used(short))
        self.assert_open(kept)


class Urgent(Forwarder):
    """An urgent byte stays where it was in the stream, and nothing waits behind it."""

    def check(self, sender, receiver, rounds=50):
        for _ in range(rounds):
            sender.sendall(b"abc")
            sender.send(b"!", socket.MSG_OOB)
            sender.sendall(b"def")
            self.assertEqual(self.read(receiver, 7), b"abc!def")
        # Also in the midst of a bulk transfer.
        block = os.urandom(8 * MIB)
        writer = threading.Thread(target=self.send_bulk, args=(sender, block))
        writer.start()
        self.assertEqual(self.read(receiver, 2 * len(block) + 1), block + b"!" + block)
        writer.join()

    @staticmethod
    def send_bulk(sender, block):
        sender.sendall(block)
        sender.send(b"!", socket.MSG_OOB)
        sender.sendall(block)

    @staticmethod
    def read(receiver, count):
        got = bytearray()
        while len(got) < count and (part := receiver.recv(min(65536, count - len(got)))):
            got += part
        return bytes(got)

    def ends(self):
        """(client, target) of one connection; both take urgent bytes in line."""
        targets, over = queue.Queue(), threading.Event()
        self.addCleanup(over.set)

        def serve(connection):
            targets.put(connection)
            over.wait(nlbtest.DEADLINE)

        _, port = self.to(self.serve(serve))
        client = self.connect(port)
        target = targets.get(timeout=nlbtest.DEADLINE)
        for one in (client, target):
            one.settimeout(nlbtest.DEADLINE)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        return client, target

    def test_of_the_client(self):
        self.check(*self.ends())

    def test_of_the_target(self):
        client, target = self.ends()
        self.check(target, client)


class Faults(Forwarder):
    """Peers that break off or never answer harm nobody else."""

    def assert_served(self, port):
        client = self.connect(port)
        client.sendall(b"x")
        self.assertEqual(client.recv(1), b"x")
        client.close()

    def wait_flows(self, forward, count):
        """The ends of so many connections."""
        ends = {}
        for _ in range(count):
            end = self.flow(forward)["end"]
            ends[end] = ends.get(end, 0) + 1
        return ends

    def test_a_storm_of_resets_leaves_nothing_behind(self):
        forward, port = self.to(self.serve(nlbtest.echo), self.serve(nlbtest.echo))
        count = 600
        for number in range(count):
            client = self.connect(port)
            if number % 3 == 1:
                client.sendall(bytes(100_000))  # resets its sender in the midst of an echo
            if number % 3 == 2:
                client.sendall(b"x")
                client.recv(1)
            nlbtest.reset_on_close(client)
            client.close()
        ends = self.wait_flows(forward, count)
        self.assertLessEqual(set(ends), {"client-reset", "closed"})
        self.assertGreaterEqual(ends["client-reset"], count // 3)
        self.assertEqual(self.counter(forward, "ActiveFlowCount"), 0)
        self.assert_served(port)

    def test_targets_that_reset_at_once_leave_nothing_behind(self):
        forward, port = self.to(self.serve(nlbtest.reset_on_close))
        for _ in range(300):
            self.assertTrue(was_reset(lambda: self.connect(port)))
        self.assertEqual(self.wait_flows(forward, 300), {"target-reset": 300})
        self.assertEqual(self.counter(forward, "TCP_Target_Reset_Count"), 300)
        self.assertEqual(self.counter(forward, "ActiveFlowCount"), 0)

    def test_a_target_that_takes_and_never_answers_holds_up_only_its_clients(self):
        over = threading.Event()
        self.addCleanup(over.set)
        silent, good = nlbtest.free_port(), nlbtest.free_port()
        mute = self.serve(lambda connection: over.wait(nlbtest.DEADLINE))
        other = "targetgroup/other/fedcba9876543210"
        forward = self.forward(listener(silent, idle_ms=500), routing(), route(mute.port))
        forward.send(*route_set(2, listener(good, name=OTHER, group=other), routing(group=other),
                                route(self.serve(nlbtest.echo).port, group=other), scope=other))
        forward.out.wait_for_message("route-applied", generation=2)
        waiting = [self.connect(silent) for _ in range(50)]
        for client in waiting:
            client.sendall(b"anybody there?")
            self.assert_served(good)
        for client in waiting:
            self.assertTrue(was_reset(client))
        ends = [self.flow(forward, end="idle-timeout") for _ in waiting]
        self.assertEqual({(flow["client_bytes"], flow["target_bytes"]) for flow in ends}, {(14, 0)})

    def test_a_target_that_dies_in_the_midst_resets_its_clients_and_no_others(self):
        started = queue.Queue()

        def die(connection):
            connection.sendall(bytes(1000))
            started.put(connection)
            connection.recv(1)
            nlbtest.reset_on_close(connection)

        forward, port = self.to(self.serve(die))
        clients = [self.connect(port) for _ in range(20)]
        for client in clients:
            started.get(timeout=nlbtest.DEADLINE)
        for client in clients[:10]:
            client.sendall(b"x")
        for client in clients[:10]:
            self.assertTrue(was_reset(client))
        self.assertEqual(self.wait_flows(forward, 10), {"target-reset": 10})
        self.assertEqual(self.counter(forward, "ActiveFlowCount"), 10)


if __name__ == "__main__":
    nlbtest.main()
