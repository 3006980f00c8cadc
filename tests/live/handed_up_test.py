# SPDX-License-Identifier: Apache-2.0
"""A listener that needs sockets (PROXY protocol) is served beside one that packets suffice for."""

import live
import nlbtest
import proxyheader
from forwarder import route_set


class HandedUp(live.TestCase):
    @staticmethod
    def say_who_and_echo(connection):
        address, port = proxyheader.parse(proxyheader.read(connection)).source
        connection.sendall(f"{address} {port}\n".encode())
        nlbtest.echo(connection)

    def two_groups(self, preserve):
        """The second group asks for the PROXY protocol, which only sockets can speak."""
        self.plain = self.target(0, live.peer)
        self.handed_up = self.target(1, self.say_who_and_echo)
        forward = self.forward(*self.lines([self.plain], preserve_client_ip=preserve))
        other = self.lines([self.handed_up], port=81, group=live.OTHER_GROUP,
                           name=live.OTHER_LISTENER, proxy_protocol_v2=True)
        forward.send(*route_set(2, *other, scope=live.OTHER_GROUP))
        forward.out.wait_for_message("route-applied", generation=2)
        return forward

    def ask_handed_up(self):
        client = self.connect(81)
        address, port = client.getsockname()
        self.assertEqual(live.read_line(client), f"{address} {port}")
        self.assertEqual(live.exchange(client, b"hello"), b"hello")
        client.shutdown(live.socket.SHUT_WR)
        self.assertEqual(nlbtest.read_all(client), b"")
        return port

    def test_both_are_served_at_the_same_time(self):
        preserve = live.DATAPATH != "proxy"
        forward = self.two_groups(preserve)
        held = self.connect()
        seen = live.read_line(held).split()
        self.assertEqual(seen[0], self.net.CLIENTS[0] if preserve else self.net.NODE)
        flow = self.flow(forward, client_port=self.ask_handed_up())
        self.assertEqual((flow["group"], flow["end"]), (live.OTHER_GROUP, "closed"))
        self.assertEqual(live.exchange(held, b"still here"), b"still here")

    def test_a_change_of_one_leaves_the_other_alone(self):
        forward = self.two_groups(preserve=False)
        held = self.connect()
        live.read_line(held)
        self.generation = 2
        self.apply(forward, *self.lines([self.plain], states={self.plain: "draining"}))
        self.ask_handed_up()
        self.assertEqual(live.exchange(held, b"still here"), b"still here")

    def test_targets_of_the_other_family_are_served_by_sockets(self):
        """IPv6 to IPv4 needs translation, which is not the packet path's."""
        server = self.target(0, live.peer)
        self.balance([server], node=self.net.NODE6, source=self.net.NODE)
        client = self.connect(address=self.net.NODE6)
        self.assertEqual(live.read_line(client).split()[0], self.net.NODE)
        self.assertEqual(live.exchange(client, b"translated"), b"translated")

    def test_datagrams_to_targets_of_the_other_family_are_served_by_sockets(self):
        server = self.udp_target()
        self.balance([server], protocol="UDP", node=self.net.NODE6, source=self.net.NODE)
        client = self.datagrams(address=self.net.NODE6)
        client.send(b"translated")
        self.assertEqual(client.recv(100), b"translated")
        self.assertEqual({address for address, _ in server.senders}, {self.net.NODE})


if __name__ == "__main__":
    live.main()
