# SPDX-License-Identifier: Apache-2.0
"""What no listener wants is dropped or reset at the node's address; the host's own traffic works."""

import select
import socket
import struct

import live
import nlbtest

RST, ACK, ACKNOWLEDGED = 0x04, 0x10, 2000


def checksum(data):
    """The Internet checksum [RFC 1071]."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(source, destination, source_port, port, flags):
    """A TCP segment without data, for a raw socket."""
    def header(check):
        return struct.pack("!HHIIBBHHH", source_port, port, 1000, ACKNOWLEDGED, 5 << 4, flags, 1000,
                           check, 0)

    pseudo = socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack("!HH", 6, 20)
    return header(checksum(pseudo + header(0)))


def ping(identifier):
    def header(check):
        return struct.pack("!BBHHH", 8, 0, check, identifier, 1)

    return header(checksum(header(0)))


class Unintended(live.TestCase):
    def setUp(self):
        super().setUp()
        self.server = self.target()
        self.forwarder = self.balance([self.server])

    def raw(self, protocol):
        with self.net.client.entered():
            sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
        self.addCleanup(sock.close)
        sock.settimeout(nlbtest.DEADLINE)
        return sock

    def connecting(self, port):
        """A connect that goes on in the background."""
        with self.net.client.entered():
            sock = socket.socket()
        self.addCleanup(sock.close)
        sock.setblocking(False)
        sock.connect_ex((self.net.NODE, port))
        return sock

    def after_this(self):
        """A connection that worked: whatever was to be said about earlier packets has been said."""
        self.assertEqual(live.exchange(self.connect(), b"hello"), b"hello")

    def assert_silent(self, sock):
        self.after_this()
        self.assertEqual(select.select([sock], [sock], [], 0)[:2], ([], []))

    @live.packets_only
    def test_a_closed_tcp_port_does_not_answer(self):
        self.assert_silent(self.connecting(81))

    @live.packets_only
    def test_a_closed_udp_port_does_not_answer(self):
        sock = self.datagrams(port=81)
        sock.send(b"hello")
        self.after_this()
        self.assertEqual(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 0)

    @live.packets_only
    def test_an_echo_request_is_not_answered(self):
        sock = self.raw(socket.IPPROTO_ICMP)
        sock.sendto(ping(77), (self.net.NODE, 0))
        self.after_this()
        self.assertEqual(select.select([sock], [], [], 0)[0], [])

    def lone_segment(self, flags):
        """Sends a segment of no connection; the socket that hears the answer."""
        sock = self.raw(socket.IPPROTO_TCP)
        source = self.net.CLIENTS[1]  # after_this() is of the other one
        sock.bind((source, 0))
        sock.sendto(segment(source, self.net.NODE, 9999, live.PORT, flags), (self.net.NODE, 0))
        return sock

    def test_a_segment_of_no_flow_is_reset(self):
        packet = self.lone_segment(ACK).recv(1000)
        header = packet[(packet[0] & 15) * 4:]
        self.assertEqual(struct.unpack("!HHI", header[:8]), (live.PORT, 9999, ACKNOWLEDGED))
        self.assertEqual(header[13] & RST, RST)

    def test_a_reset_of_no_flow_is_not_answered(self):
        sock = self.lone_segment(RST)
        self.after_this()
        self.assertEqual(select.select([sock], [], [], 0)[0], [])

    def test_the_host_can_connect_from_the_node_s_address(self):
        """As health checks, ssh and package managers do, to targets and to the client's side."""
        with self.net.client.entered():
            outside = self.serve(nlbtest.echo, address=self.net.CLIENTS[0], port=7000)
        for server in (self.server, outside):
            with self.net.node.entered():
                own = socket.create_connection((server.address, server.port), nlbtest.DEADLINE,
                                               source_address=(self.net.NODE, 0))
            self.addCleanup(own.close)
            self.assertEqual(live.exchange(own, b"own" * 1000), b"own" * 1000)

    def test_the_host_can_be_reached_at_an_address_that_is_not_the_node_s(self):
        with self.net.node.entered():
            own = self.serve(nlbtest.echo, address=self.net.INSIDE, port=22)
        self.assertEqual(live.exchange(self.connect(22, own.address), b"ssh"), b"ssh")

    def test_the_host_gets_answers_to_its_datagrams(self):
        """As a resolver on the node does, whose socket is connected."""
        server = self.udp_target(port=53)
        with self.net.node.entered():
            own = live.udp_socket(self.net.NODE)
        self.addCleanup(own.close)
        own.connect((server.address, server.port))
        own.send(b"query")
        self.assertEqual(own.recv(100), b"query")


if __name__ == "__main__":
    live.main()
