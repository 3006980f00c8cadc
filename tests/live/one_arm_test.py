# SPDX-License-Identifier: Apache-2.0
"""A node with one interface: packets leave by where they came in."""

import os

import live


class OneArm(live.TestCase):
    shape = "one-armed"

    def prepare_network(self):
        super().prepare_network()
        live.take_replies_in(self.net.node)

    def tcp(self, six=False, **routing):
        self.balance([self.target(i, live.peer, six=six) for i in range(3)], **routing)
        clients = [self.connect(address=self.net.NODE6 if six else self.net.NODE)
                   for _ in range(10)]
        data, seen = os.urandom(100_000), []
        for client in clients:
            seen.append(live.read_line(client).split()[0])
            self.assertEqual(live.exchange(client, data), data)
        return set(seen)

    def test_ipv4_tcp(self):
        self.assertEqual(self.tcp(), {self.net.NODE})

    def test_ipv6_tcp(self):
        self.assertEqual(self.tcp(six=True), {self.net.NODE6})

    def test_ipv4_tcp_with_the_client_address_preserved(self):
        self.assertEqual(self.tcp(preserve_client_ip=True), {self.net.CLIENTS[0]})

    def test_ipv6_tcp_with_the_client_address_preserved(self):
        self.assertIn(self.tcp(six=True, preserve_client_ip=True),
                      [{address} for address in self.net.CLIENTS6])

    def udp(self, six):
        self.balance([self.udp_target(i, six=six) for i in range(3)], protocol="UDP")
        sock = self.datagrams(address=self.net.NODE6 if six else self.net.NODE)
        for size in (64, 4000):
            data = os.urandom(size)
            sock.send(data)
            self.assertEqual(sock.recv(65536), data)

    @live.packets_only
    def test_ipv4_udp(self):
        self.udp(six=False)

    @live.packets_only
    def test_ipv6_udp(self):
        self.udp(six=True)


if __name__ == "__main__":
    live.main()
