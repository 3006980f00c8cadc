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
from forwarder import listener, route, routing

RESTARTS = 10
HELD = 4000
FRESH = 4  # threads


class FreshLoad:
    """Connections that say something and end, until told to stop."""

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
            self.made.release()

    def wait_more(self, count):
        for _ in range(count):
            assert self.made.acquire(timeout=nlbtest.DEADLINE), "connections come to a halt"

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
