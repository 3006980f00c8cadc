# SPDX-License-Identifier: Apache-2.0
"""nlb-forward run --takeover: one process after the other serves the same listening sockets, and no
client notices. New connections come as fast as one thread makes them while others are held."""

import os
import signal
import socket
import threading
import unittest

import forwarder
import nlbtest
import udp
from forwarder import listener, route, routing

RESTARTS = 10
HELD = 4000
FRESH = 4  # threads


class FreshLoad:
    """Connections that say something and end, until one fails or it is told to stop."""

    def __init__(self, port):
        self.port, self.failures = port, []
        self.made = threading.Semaphore(0)
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopped.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port),
                                              timeout=nlbtest.DEADLINE) as one:
                    one.sendall(b"new")
                    assert one.recv(3) == b"new", "closed"
            except Exception as why:  # whatever it is, a client noticed
                self.failures.append(repr(why))
                self.stopped.set()
            self.made.release()

    def wait_more(self, count):
        for _ in range(count):
            acquired = self.made.acquire(timeout=nlbtest.DEADLINE)
            assert acquired and not self.failures, self.failures or "connections come to a halt"

    def stop(self):
        self.stopped.set()
        self.thread.join()


class TakeoverTest(forwarder.Forwarder):
    def setUp(self):
        super().setUp()
        self.port = nlbtest.free_port()
        self.server = self.serve(nlbtest.echo)

    def lines(self):
        return listener(self.port), routing(), route(self.server.port)

    def process(self, *options, lines=None, threads=2):
        """One more process, which serves when this returns."""
        return self.forward(*(lines or self.lines()), threads=threads,
                            options=("--takeover", "unix:meeting", *options))

    def hello(self, connection):
        connection.sendall(b"hello")
        answer = b""
        while len(answer) < 5 and (more := connection.recv(5 - len(answer))):
            answer += more
        return answer

    def is_taken(self, process):
        process.err.wait_for(lambda line: "another process took over" in line)

    def test_connections_survive_ten_processes(self):
        self.server = nlbtest.ManyEchoes()
        self.addCleanup(self.server.close)
        first = self.process("--drain-timeout", "120")
        held = [self.connect(self.port) for _ in range(HELD)]
        for one in held:
            self.assertEqual(self.hello(one), b"hello")
        fresh = [FreshLoad(self.port) for _ in range(FRESH)]
        for one in fresh:
            self.addCleanup(one.stop)
        process = first
        for _ in range(RESTARTS):
            for one in fresh:
                one.wait_more(50)
            successor = self.process("--drain-timeout", "120")
            self.is_taken(process)
            if process is not first:
                self.assertEqual(process.wait(), 0)  # its connections were short
            process = successor
        for one in fresh:
            one.wait_more(50)
            one.stop()
            self.assertEqual(one.failures, [])
        for one in held:
            self.assertEqual(self.hello(one), b"hello")
            one.close()
        self.assertEqual(first.wait(), 0)

    def test_datagrams_go_on(self):
        echo = self.serve_udp()
        lines = (listener(self.port, protocol="UDP"), routing(), route(echo))
        first = self.process(lines=lines)
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(client.close)
        client.settimeout(nlbtest.DEADLINE)
        client.connect(("127.0.0.1", self.port))
        for _ in range(3):
            client.send(b"one")
            self.assertEqual(client.recv(16), b"one")
            successor = self.process(lines=lines)
            self.is_taken(first)
            client.send(b"two")
            self.assertEqual(client.recv(16), b"two")
            first = successor

    def two_targets(self):
        targets = [udp.Target(name) for name in (b"a", b"b")]
        for target in targets:
            self.addCleanup(target.close)
        return targets

    def udp_lines(self, targets, eligible=(True, True)):
        return (listener(self.port, protocol="UDP"), routing(),
                *[route(target.port, eligible=may)
                  for target, may in zip(targets, eligible)])

    def udp_clients(self, count):
        clients = [udp.Client(self.port) for _ in range(count)]
        for client in clients:
            self.addCleanup(client.socket.close)
        return clients

    def answers(self, clients, text):
        for client in clients:
            client.send(text)
        return [client.socket.recv(64) for client in clients]

    def test_datagrams_keep_target_and_source_although_the_ring_changed(self):
        targets = self.two_targets()
        first = self.process(lines=self.udp_lines(targets), threads=3)
        clients = self.udp_clients(40)
        before = self.answers(clients, b"1")
        self.assertEqual({answer[:1] for answer in before}, {b"a", b"b"})
        seen = [set(target.seen) for target in targets]
        # The first target takes no new flows any more: nobody would be sent there anew.
        for threads in (1, 1):
            second = self.process(lines=self.udp_lines(targets, (False, True)), threads=threads)
            self.is_taken(first)
            after = self.answers(clients, b"2")
            self.assertEqual([answer[:1] for answer in after],
                             [answer[:1] for answer in before])
            self.assertEqual([set(target.seen) for target in targets], seen)
            self.assertEqual(first.wait(), 0)  # nothing is left there
            first = second
        self.assertEqual(self.answers(self.udp_clients(10), b"3"), [b"b3"] * 10)

    def test_flows_to_a_target_that_is_gone_open_anew(self):
        targets = self.two_targets()
        first = self.process(lines=self.udp_lines(targets))
        clients = self.udp_clients(20)
        self.answers(clients, b"1")
        second = self.process(lines=self.udp_lines(targets[1:]))
        second.err.wait_for(lambda line: "serves alone" in line)
        self.assertEqual(first.wait(), 0)
        self.assertEqual(self.answers(clients, b"2"), [b"b2"] * 20)

    def test_a_udp_port_is_free_while_connections_drain(self):
        targets = self.two_targets()
        lines = (listener(self.port, protocol="TCP_UDP"), routing(), route(self.server.port))
        first = self.forward(*lines)
        held = self.connect(self.port)
        self.assertEqual(self.hello(held), b"hello")
        first.signal(signal.SIGTERM)
        first.err.wait_for(lambda line: "draining 1 connections" in line)
        second = self.forward(*self.udp_lines(targets), wait=False)
        second.out.wait_for_message("listener-state", bound=True)
        self.assertIsNone(first.popen.poll())
        self.assertEqual(self.answers(self.udp_clients(1), b"!")[0][1:], b"!")
        self.assertEqual(self.hello(held), b"hello")

    def serve_udp(self):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))

        def serve():
            while True:
                data, client = server.recvfrom(2048)
                if data == b"stop":
                    return server.close()
                server.sendto(data, client)

        thread = threading.Thread(target=serve)
        thread.start()
        port = server.getsockname()[1]

        def stop():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                one.sendto(b"stop", ("127.0.0.1", port))
            thread.join()

        self.addCleanup(stop)
        return port

    def test_a_successor_that_dies_before_it_serves_changes_nothing(self):
        first = self.process()
        successor = self.start(nlbtest.tool("nlb-forward"), "run", "-j", "2", "--takeover",
                               "unix:meeting")
        successor.err.wait_for(lambda line: "took over the sockets of 1 listener" in line)
        successor.signal(signal.SIGKILL)
        successor.wait()
        for _ in range(20):
            self.assertEqual(self.hello(self.connect(self.port)), b"hello")
        self.assertIsNone(first.popen.poll())
        self.process()
        self.is_taken(first)
        self.assertEqual(self.hello(self.connect(self.port)), b"hello")

    def test_more_and_fewer_threads_serve_every_socket(self):
        """Connections are spread over all sockets of the listener, whoever reads them."""
        process = self.process(threads=3)
        for threads in (1, 5, 2):
            successor = self.process(threads=threads)
            self.is_taken(process)
            for _ in range(60):
                with socket.create_connection(("127.0.0.1", self.port),
                                              timeout=nlbtest.DEADLINE) as one:
                    self.assertEqual(self.hello(one), b"hello")
            process = successor

    def test_more_and_fewer_threads_serve_every_datagram(self):
        lines = (listener(self.port, protocol="UDP"), routing(), route(self.serve_udp()))
        process = self.process(threads=3, lines=lines)
        for threads in (1, 5, 2):
            successor = self.process(threads=threads, lines=lines)
            self.is_taken(process)
            for _ in range(60):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                    one.settimeout(nlbtest.DEADLINE)
                    one.connect(("127.0.0.1", self.port))
                    one.send(b"hello")
                    self.assertEqual(one.recv(16), b"hello")
            process = successor

    def test_a_listener_that_was_bound_after_the_offer_is_handed_over_too(self):
        """The successor has its sockets when the old process binds one more: it may not leave then."""
        other = nlbtest.free_port()
        name = "listener/net/lb/0123456789abcdef/0000000000000000"
        both = (*self.lines(), listener(other, name=name))
        first = self.process()
        successor = self.start(nlbtest.tool("nlb-forward"), "run", "-j", "2", "--takeover",
                               "unix:meeting")
        successor.err.wait_for(lambda line: "took over the sockets of 1 listener" in line)
        self.apply(first, *both)
        held = self.connect(other)
        self.assertEqual(self.hello(held), b"hello")
        self.apply(successor, *both)
        self.is_taken(first)
        for _ in range(20):  # nobody is refused: its sockets were never closed
            with socket.create_connection(("127.0.0.1", other), timeout=nlbtest.DEADLINE) as one:
                self.assertEqual(self.hello(one), b"hello")
        self.assertEqual(self.hello(held), b"hello")
        held.close()
        self.assertEqual(first.wait(), 0)
        self.assertEqual(self.hello(self.connect(other)), b"hello")

    def test_who_sends_something_else_is_forgotten(self):
        first = self.process()
        for text in (b"{}\n", b"x" * 4096, b""):
            with socket.socket(socket.AF_UNIX) as one:
                one.connect(os.path.join(self.dir, "meeting.sock"))
                one.recv(1)  # the offer came
                one.sendall(text)
        self.process()
        self.is_taken(first)

    def test_a_listener_that_the_successor_lacks_is_closed(self):
        other = nlbtest.free_port()
        name = "listener/net/lb/0123456789abcdef/0000000000000000"
        first = self.process(lines=(*self.lines(), listener(other, name=name)))
        self.connect(other).close()
        self.process()
        self.assertEqual(first.wait(), 0)
        self.assertTrue(self.is_refused(other))
        self.assertEqual(self.hello(self.connect(self.port)), b"hello")

    def is_refused(self, port):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=nlbtest.DEADLINE).close()
            return False
        except ConnectionRefusedError:
            return True


if __name__ == "__main__":
    unittest.main()
