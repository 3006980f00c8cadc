# SPDX-License-Identifier: Apache-2.0
"""nlb-forward is stopped, killed and started again under load: no connection notices."""

import signal
import socket

import live
import nlbtest
from balancer import Load


@live.packets_only
class Restart(live.TestCase):
    def setUp(self):
        super().setUp()
        self.servers = [self.target(i) for i in range(3)]
        self.forwarder = self.balance(self.servers)

    def open_one(self):
        with self.net.client.entered():
            return socket.create_connection((self.net.NODE, live.PORT), nlbtest.DEADLINE)

    def load(self, **options):
        load = Load(self.open_one, **options)
        self.addCleanup(load.stop)
        return load

    def stop(self, number):
        self.forwarder.signal(number)
        self.forwarder.wait()

    def start_again(self):
        self.forwarder = self.balance(self.servers)

    def restarts(self, number):
        held, fresh = self.load(connections=8), self.load(connections=4, keep=False)
        for _ in range(3):
            held.wait_more(50)
            fresh.wait_more(50)
            self.stop(number)
            held.wait_more(50)  # with nobody there
            fresh.wait_more(50)
            self.start_again()
        held.wait_more(50)
        fresh.wait_more(50)
        self.assertEqual((held.failures, fresh.failures), ([], []))

    def test_connections_do_not_notice_sigterm(self):
        self.restarts(signal.SIGTERM)

    def test_connections_do_not_notice_sigkill(self):
        self.restarts(signal.SIGKILL)

    def test_datagrams_do_not_notice(self):
        server = self.udp_target()
        self.stop(signal.SIGTERM)
        self.servers, self.forwarder = [server], None
        self.forwarder = self.balance([server], protocol="UDP")
        sock = self.datagrams()
        for number in (signal.SIGTERM, signal.SIGKILL):
            sock.send(b"before")
            self.assertEqual(sock.recv(100), b"before")
            self.stop(number)
            sock.send(b"nobody there")
            self.assertEqual(sock.recv(100), b"nobody there")
            self.forwarder = self.balance([server], protocol="UDP")
        sock.send(b"after")
        self.assertEqual(sock.recv(100), b"after")
        self.assertEqual(len(set(server.senders)), 1)

    def test_what_changed_meanwhile_is_in_force(self):
        """The next process routes by its own route-set; flows of before stay where they are."""
        held = self.open_one()
        self.addCleanup(held.close)
        self.assertEqual(live.exchange(held, b"before"), b"before")
        self.stop(signal.SIGKILL)
        self.servers = [self.target(0, nlbtest.say("new"), port=7001)]
        self.start_again()
        self.assertEqual(nlbtest.read_all(self.connect()), b"new")

    def test_a_flow_that_outlived_its_process_is_recorded_by_the_next(self):
        held = self.connect()
        self.assertEqual(live.exchange(held, b"before"), b"before")
        self.stop(signal.SIGKILL)
        self.start_again()
        self.assertEqual(live.exchange(held, b"after"), b"after")
        port = held.getsockname()[1]
        held.close()
        self.assertEqual(self.flow(self.forwarder, client_port=port)["end"], "closed")


if __name__ == "__main__":
    live.main()
