# SPDX-License-Identifier: Apache-2.0
"""Sockets under floods and with peers that take nothing: LIMITS of nlb-forward(8)."""

import ctypes
import os
import signal
import socket
import struct

import live
import nlbtest
from forwarder import MIB

RTO_MAX = "/proc/sys/net/ipv4/tcp_rto_max_ms"


class Floods(live.TestCase):
    def sockets(self, count):
        """Of the client, on their way to the listener."""
        clients = []
        with self.net.client.entered():
            for _ in range(count):
                client = socket.socket()
                self.addCleanup(client.close)
                client.setblocking(False)
                client.connect_ex((self.net.NODE, live.PORT))
                clients.append(client)
        return clients

    def assert_served(self, clients):
        for client in clients:
            client.settimeout(nlbtest.DEADLINE)
            self.assertEqual(live.exchange(client, b"x"), b"x")

    def test_connections_by_cookie_are_served_and_counted(self):
        self.net.node.sysctl({"net.ipv4.tcp_syncookies": 2})  # always
        forward = self.balance([self.target(0)])
        for _ in range(100):
            self.assert_served([self.connect()])
        self.assertEqual(self.counter(forward, "NewFlowCount"), 100)
        self.assertEqual(self.counter(forward, "SynSequenceMissingCount"), 100)

    def test_who_finds_the_queue_full_comes_again(self):
        self.net.node.sysctl({"net.core.somaxconn": 16})
        forward = self.forward(*self.lines([self.target(0)]), threads=1)
        forward.hold()
        clients = self.sockets(64)
        forward.signal(signal.SIGCONT)
        self.assert_served(clients)
        self.assertEqual(self.counter(forward, "NewFlowCount"), 64)


class ClosedWindows(live.TestCase):
    """A client that takes nothing of what a target sends without end."""

    IDLE_MS = 3000

    def setUp(self):
        super().setUp()
        if not os.path.exists(RTO_MAX):
            self.skipTest("probes of this kernel may be two minutes apart")
        for space in self.net.spaces:
            space.sysctl({"net.ipv4.tcp_rto_max_ms": 1000})
        self.process = self.balance([self.target(0, self.serve_bulk)], idle_ms=self.IDLE_MS)

    @staticmethod
    def serve_bulk(connection):
        if connection.recv(1) == b"b":
            connection.sendall(bytes(16 * MIB))
        connection.recv(1)

    def stuck(self):
        client = self.connect()
        client.sendall(b"b")
        self.assertEqual(client.recv(1), b"\0")
        return client

    def wait_a_timeout(self):
        silent = self.connect()
        silent.sendall(b"s")
        self.flow(self.process, end="idle-timeout", client_port=silent.getsockname()[1])

    @staticmethod
    def receive_nothing_more(client):
        """Nothing that comes reaches the socket, which answers nothing."""
        drop = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, 0))  # BPF_RET 0
        program = struct.pack("@HP", 1, ctypes.addressof(drop))
        client.setsockopt(socket.SOL_SOCKET, 26, program)  # SO_ATTACH_FILTER

    def test_a_window_that_stays_closed_is_no_silence(self):
        client = self.stuck()
        for _ in range(2):  # two timeouts pass
            self.wait_a_timeout()
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(len(nlbtest.read_all(client)), 16 * MIB - 1)

    def test_who_has_vanished_behind_it_is_found_out(self):
        self.net.node.sysctl({"net.ipv4.tcp_retries2": 3})
        client = self.stuck()
        self.receive_nothing_more(client)
        self.flow(self.process, end="client-lost", client_port=client.getsockname()[1])


if __name__ == "__main__":
    live.main()
