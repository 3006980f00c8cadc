# SPDX-License-Identifier: Apache-2.0
"""UDP datagrams reach a target and the answers come from the listener: both families, fragments."""

import os
import signal

import live


def fragments_made(space, six):
    """How many fragments this namespace has made so far."""
    if six:
        for line in space.run("cat", "/proc/net/snmp6").stdout.splitlines():
            if line.startswith("Ip6FragCreates"):
                return int(line.split()[1])
    names, values = (line.split() for line in space.run("cat", "/proc/net/snmp").stdout.splitlines()
                     if line.startswith("Ip:"))
    return int(values[names.index("FragCreates")])


class Udp(live.TestCase):
    def prepare_network(self):
        super().prepare_network()
        live.take_replies_in(self.net.node)

    def node(self, six):
        return self.net.NODE6 if six else self.net.NODE

    def echoes(self, six, **routing):
        server = self.udp_target(six=six)
        self.balance([server], protocol="UDP", **routing)
        sock = self.datagrams(address=self.node(six))
        for size in (1, 64, 1000, 1400):
            data = os.urandom(size)
            sock.send(data)
            got, sender = sock.recvfrom(65536)
            self.assertEqual((got, sender[:2]), (data, (self.node(six), live.PORT)))
        return server, sock

    def test_ipv4_answers_come_from_the_listener(self):
        server, sock = self.echoes(six=False)
        self.assertEqual({address for address, _ in server.senders}, {self.net.NODE})

    def test_ipv6_answers_come_from_the_listener(self):
        server, sock = self.echoes(six=True)
        self.assertEqual({address for address, _ in server.senders}, {self.net.NODE6})

    def test_ipv4_client_address_preserved(self):
        server, sock = self.echoes(six=False, preserve_client_ip=True)
        self.assertEqual(set(server.senders), {sock.getsockname()[:2]})

    def test_ipv6_client_address_preserved(self):
        server, sock = self.echoes(six=True, preserve_client_ip=True)
        self.assertEqual(set(server.senders), {sock.getsockname()[:2]})

    def test_an_empty_datagram(self):
        self.balance([self.udp_target()], protocol="UDP")
        sock = self.datagrams()
        sock.send(b"")
        self.assertEqual(sock.recv(100), b"")

    def test_a_socket_stays_with_its_target(self):
        servers = [self.udp_target(i, answer=lambda data, sender, name=b"%d" % i: name)
                   for i in range(3)]
        self.balance(servers, protocol="UDP")
        seen = set()
        for _ in range(30):
            sock = self.datagrams()
            answers = set()
            for _ in range(5):
                sock.send(b"who?")
                answers.add(sock.recv(100))
            self.assertEqual(len(answers), 1)
            seen |= answers
        self.assertEqual(seen, {b"0", b"1", b"2"})

    def test_one_port_serves_tcp_and_udp(self):
        server, other = self.target(), self.udp_target()
        self.balance([server], protocol="TCP_UDP")
        sock = self.datagrams()
        sock.send(b"datagram")
        self.assertEqual(sock.recv(100), b"datagram")
        self.assertEqual(live.exchange(self.connect(), b"stream"), b"stream")
        self.assertEqual(other.address, server.address)

    def fragments(self, six, **routing):
        server = self.udp_target(six=six)
        self.balance([server], protocol="UDP", **routing)
        sock = self.datagrams(address=self.node(six))
        for size in (1600, 4000, 20000):
            made = fragments_made(self.net.client, six), fragments_made(self.net.targets, six)
            data = os.urandom(size)
            sock.send(data)
            self.assertEqual(sock.recv(65536), data)
            self.assertGreater(fragments_made(self.net.client, six), made[0])
            self.assertGreater(fragments_made(self.net.targets, six), made[1])

    def test_ipv4_fragments_in_both_directions(self):
        self.fragments(six=False)

    def test_ipv6_fragments_in_both_directions(self):
        self.fragments(six=True)

    def test_ipv4_fragments_with_the_client_address_preserved(self):
        self.fragments(six=False, preserve_client_ip=True)

    def test_ipv6_fragments_with_the_client_address_preserved(self):
        self.fragments(six=True, preserve_client_ip=True)

    def at_once(self, six):
        """What the proxy reads together it sends joined, unless the way takes no such length."""
        forward = self.balance([self.udp_target(six=six)], protocol="UDP")
        sock = self.datagrams(address=self.node(six))
        for size in (100, 2000, 100, 1500):
            sent = [os.urandom(size) for _ in range(8)]
            forward.signal(signal.SIGSTOP)
            for data in sent:
                sock.send(data)
            forward.signal(signal.SIGCONT)
            self.assertEqual([sock.recv(65536) for _ in sent], sent)

    def test_ipv4_many_at_once_some_longer_than_the_mtu(self):
        self.at_once(six=False)

    def test_ipv6_many_at_once_some_longer_than_the_mtu(self):
        self.at_once(six=True)

    def test_datagrams_of_many_sockets_at_once_are_not_mixed_up(self):
        self.balance([self.udp_target(i) for i in range(3)], protocol="UDP")
        socks = [self.datagrams() for _ in range(200)]
        for number, sock in enumerate(socks):
            sock.send(b"%d" % number)
        for number, sock in enumerate(socks):
            self.assertEqual(sock.recv(100), b"%d" % number)


if __name__ == "__main__":
    live.main()
