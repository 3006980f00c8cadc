# SPDX-License-Identifier: Apache-2.0
"""ICMP errors reach the side whose packet they are about: unreachable ports, paths that are narrow."""

import errno
import hashlib
import os
import socket

import live
import netns
import nlbtest

IP_MTU_DISCOVER, IP_MTU, IPV6_MTU_DISCOVER, IPV6_MTU = 10, 14, 23, 24  # linux/in.h, in6.h
DONT, DO = 0, 2  # values of MTU_DISCOVER
NARROW = 1300


def never_fragment(sock):
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, DO)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, DO)


def path_mtu(sock):
    """What the kernel knows of the way to the peer of a connected socket."""
    if sock.family == socket.AF_INET6:
        return sock.getsockopt(socket.IPPROTO_IPV6, IPV6_MTU)
    return sock.getsockopt(socket.IPPROTO_IP, IP_MTU)


def error_of(sock, send):
    """The first error of send(), which may come late: it is a message from afar."""

    def failed():
        try:
            send()
        except OSError as error:
            return error.errno
        return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    return netns.until(failed, "an error of the socket")


@live.packets_only
class Unreachable(live.TestCase):
    def refused(self, six, **routing):
        server = self.udp_target(six=six)
        self.balance([server], protocol="UDP", **routing)
        sock = self.datagrams(address=self.net.NODE6 if six else self.net.NODE)
        sock.send(b"open")
        self.assertEqual(sock.recv(100), b"open")
        server.close()
        sock.send(b"closed")
        with self.assertRaises(ConnectionRefusedError):
            sock.recv(100)

    def test_ipv4_port(self):
        self.refused(six=False)

    def test_ipv6_port(self):
        self.refused(six=True)

    def test_ipv4_port_with_the_client_address_preserved(self):
        self.refused(six=False, preserve_client_ip=True)

    def test_ipv6_port_with_the_client_address_preserved(self):
        self.refused(six=True, preserve_client_ip=True)

    def test_a_client_that_went_is_told_to_the_target(self):
        """The answer finds no socket at the client; its ICMP error crosses the node inwards."""
        with self.net.targets.entered():
            target = live.udp_socket(self.net.TARGETS[0], 7000)
        self.addCleanup(target.close)
        self.balance([live.Endpoint(self.net.TARGETS[0], 7000)], protocol="UDP")
        sock = self.datagrams()
        sock.send(b"hello")
        target.connect(target.recvfrom(100)[1])
        sock.close()
        self.assertEqual(error_of(target, lambda: target.send(b"too late")), errno.ECONNREFUSED)


class Narrow(live.TestCase):
    """A link behind a router takes NARROW bytes only; both ends believe in 1500."""

    shape = "routed"

    def narrow_towards_targets(self):
        self.net.router.mtu("r1", NARROW)

    def narrow_towards_the_client(self):
        """The node's own link: the router is the node itself."""
        self.net.node.mtu("n0", NARROW)

    def upload(self, six, **routing):
        self.narrow_towards_targets()
        got, data = [], os.urandom(8 << 20)

        def serve(connection):
            got.append(hashlib.sha256(nlbtest.read_all(connection)).hexdigest())
            connection.sendall(b"done")

        self.balance([self.target(0, serve, six=six)], **routing)
        client = self.connect(address=self.net.NODE6 if six else self.net.NODE)
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(nlbtest.read_all(client), b"done")
        self.assertEqual(got, [hashlib.sha256(data).hexdigest()])
        return client

    @live.packets_only
    def test_ipv4_upload_learns_the_path(self):
        self.assertEqual(path_mtu(self.upload(six=False)), NARROW)

    @live.packets_only
    def test_ipv6_upload_learns_the_path(self):
        self.assertEqual(path_mtu(self.upload(six=True)), NARROW)

    @live.packets_only
    def test_upload_with_the_client_address_preserved_learns_the_path(self):
        self.assertEqual(path_mtu(self.upload(six=False, preserve_client_ip=True)), NARROW)

    def test_upload_through_a_narrow_path_arrives(self):
        self.upload(six=False)

    def download(self, six, **routing):
        self.narrow_towards_the_client()
        data, known = os.urandom(8 << 20), []

        def serve(connection):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            nlbtest.read_all(connection)
            known.append(path_mtu(connection))

        server = self.target(0, serve, six=six)
        self.balance([server], **routing)
        client = self.connect(address=self.net.NODE6 if six else self.net.NODE)
        self.assertEqual(live.receive_hashed(client), (len(data), hashlib.sha256(data).hexdigest()))
        client.close()
        return netns.until(lambda: known, "the target's end")[0]

    def test_download_through_a_narrow_link_of_the_node_arrives(self):
        self.download(six=False)

    @live.packets_only
    def test_ipv4_download_learns_the_node_s_own_link(self):
        self.assertEqual(self.download(six=False), NARROW)

    @live.packets_only
    def test_ipv6_download_learns_the_node_s_own_link(self):
        self.assertEqual(self.download(six=True), NARROW)

    @live.packets_only
    def test_download_with_the_client_address_preserved_learns_the_node_s_own_link(self):
        self.assertEqual(self.download(six=False, preserve_client_ip=True), NARROW)

    def too_big(self, six, **routing):
        self.narrow_towards_targets()
        self.balance([self.udp_target(six=six)], protocol="UDP", **routing)
        sock = self.datagrams(address=self.net.NODE6 if six else self.net.NODE)
        never_fragment(sock)
        sock.send(b"s" * 1000)
        self.assertEqual(len(sock.recv(65536)), 1000)
        self.assertEqual(error_of(sock, lambda: sock.send(b"l" * 1400)), errno.EMSGSIZE)
        self.assertEqual(path_mtu(sock), NARROW)
        sock.send(b"s" * 1000)
        self.assertEqual(len(sock.recv(65536)), 1000)

    @live.packets_only
    def test_ipv4_datagram_that_may_not_be_split(self):
        self.too_big(six=False)

    @live.packets_only
    def test_ipv6_datagram_that_is_too_big(self):
        self.too_big(six=True)

    @live.packets_only
    def test_ipv4_datagram_with_the_client_address_preserved(self):
        self.too_big(six=False, preserve_client_ip=True)

    @live.packets_only
    def test_the_node_itself_says_that_a_datagram_is_too_big(self):
        self.net.node.mtu("n1", NARROW)
        self.balance([self.udp_target()], protocol="UDP")
        sock = self.datagrams()
        never_fragment(sock)
        self.assertEqual(error_of(sock, lambda: sock.send(b"l" * 1400)), errno.EMSGSIZE)
        self.assertEqual(path_mtu(sock), NARROW)

    def split(self, **routing):
        """A datagram without DF that does not fit the node's link to the target."""
        self.net.node.mtu("n1", NARROW)
        server = self.udp_target(answer=lambda data, sender: data[:100])
        self.balance([server], protocol="UDP", **routing)
        sock = self.datagrams()
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, DONT)
        data = os.urandom(1400)
        for _ in range(3):  # the first of a flow goes another way than the next
            sock.send(data)
            self.assertEqual(sock.recv(65536), data[:100])

    @live.packets_only
    def test_the_node_splits_a_datagram_that_may_be_split(self):
        self.split()

    @live.packets_only
    def test_the_node_splits_a_datagram_with_the_client_address_preserved(self):
        self.split(preserve_client_ip=True)


if __name__ == "__main__":
    live.main()
