# SPDX-License-Identifier: Apache-2.0
"""Targets see the client's address and port when it is preserved, and the node's when it is not."""

import socket

import live
import nlbtest
from forwarder import was_reset


class ClientIp(live.TestCase):
    def prepare_network(self):
        super().prepare_network()
        live.take_replies_in(self.net.node)

    def seen(self, six=False, source=None, **routing):
        """(what the target sees, the client's own end)."""
        self.balance([self.target(0, live.peer, six=six)], **routing)
        client = self.connect(address=self.net.NODE6 if six else self.net.NODE, source=source)
        address, port = live.read_line(client).split()
        self.assertEqual(live.exchange(client, b"still works"), b"still works")
        return (address, int(port)), client.getsockname()[:2]

    def test_ipv4_preserved(self):
        seen, own = self.seen(preserve_client_ip=True)
        self.assertEqual(seen, own)

    def test_ipv6_preserved(self):
        seen, own = self.seen(six=True, preserve_client_ip=True)
        self.assertEqual(seen, own)

    def test_each_client_has_its_own_address(self):
        seen, own = self.seen(source=self.net.CLIENTS[1], preserve_client_ip=True)
        self.assertEqual(seen[0], self.net.CLIENTS[1])
        self.assertEqual(seen, own)

    def test_ipv4_not_preserved(self):
        seen, own = self.seen()
        self.assertEqual(seen[0], self.net.NODE)

    def test_ipv6_not_preserved(self):
        seen, own = self.seen(six=True)
        self.assertEqual(seen[0], self.net.NODE6)

    def test_clients_with_the_same_port_are_kept_apart(self):
        """Two clients, one port number, one target, one source address towards it."""
        self.balance([self.target(0, live.peer)])
        first = self.connect(source=self.net.CLIENTS[0])
        port = first.getsockname()[1]
        with self.net.client.entered():
            second = socket.create_connection((self.net.NODE, live.PORT), nlbtest.DEADLINE,
                                              source_address=(self.net.CLIENTS[1], port))
        self.addCleanup(second.close)
        ends = [live.read_line(connection) for connection in (first, second)]
        self.assertEqual(len(set(ends)), 2)
        for text, connection in ((b"first", first), (b"second", second)):
            self.assertEqual(live.exchange(connection, text), text)

    def from_the_target_itself(self, **routing):
        """A connection of the only target to its own listener."""
        server = self.target(0, live.peer)
        self.balance([server], **routing)
        with self.net.targets.entered():
            client = socket.create_connection((self.net.NODE, live.PORT), nlbtest.DEADLINE,
                                              source_address=(server.address, 0))
        self.addCleanup(client.close)
        return client

    def test_a_target_that_is_its_own_client_is_served_without_preservation(self):
        client = self.from_the_target_itself()
        self.assertEqual(live.read_line(client).split()[0], self.net.NODE)
        self.assertEqual(live.exchange(client, b"hairpin"), b"hairpin")

    def test_a_target_that_is_its_own_client_is_refused_with_preservation(self):
        """It would see its own address as the peer's, and never answer through the node."""
        if live.DATAPATH == "proxy":
            self.assertTrue(was_reset(lambda: self.from_the_target_itself(preserve_client_ip=True)))
        else:
            with self.assertRaises(ConnectionRefusedError):
                self.from_the_target_itself(preserve_client_ip=True)

    def test_a_change_applies_to_new_connections_only(self):
        server = self.target(0, live.peer)
        forward = self.balance([server])
        before = self.connect()
        self.assertEqual(live.read_line(before).split()[0], self.net.NODE)
        self.apply(forward, *self.lines([server], preserve_client_ip=True))
        after = self.connect()
        self.assertEqual(live.read_line(after).split()[0], self.net.CLIENTS[0])
        self.assertEqual(live.exchange(before, b"goes on"), b"goes on")


if __name__ == "__main__":
    live.main()
