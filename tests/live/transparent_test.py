# SPDX-License-Identifier: Apache-2.0
"""Clients' addresses through sockets: what it takes, what cannot work, and what is said of it."""

import shutil
import socket
import unittest

import live
import nlbtest
from forwarder import route_set, was_reset


class Transparent(live.TestCase):
    def preserving(self, servers, **more):
        """nlb-forward in front of servers that say whom they see."""
        return self.balance(servers, preserve_client_ip=True, **more)

    def seen(self, **options):
        client = self.connect(**options)
        return live.read_line(client), client

    def wait_notice(self, forward, *words):
        forward.err.wait_for(lambda line: all(word in line for word in words))

    def from_port(self, port, listener_port):
        """A connection of the client from this port of its own, which others may have too."""
        with self.net.client.entered():
            client = socket.socket()
        self.addCleanup(client.close)
        client.settimeout(nlbtest.DEADLINE)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.bind((self.net.CLIENTS[0], port))
        client.connect((self.net.NODE, listener_port))
        return client


class Rights(Transparent):
    def check_without(self, why):
        forward = self.preserving([self.target(0, live.peer)])
        self.wait_notice(forward, "preserve_client_ip: ", why)
        self.assertEqual(self.seen()[0].split()[0], self.net.NODE)

    def test_without_a_local_route_targets_see_the_node(self):
        self.check_without("no local route takes in what targets reply to IPv4 clients")

    @unittest.skipUnless(shutil.which("setpriv"), "setpriv is not installed")
    def test_without_the_capability_targets_see_the_node(self):
        live.take_replies_in(self.net.node)
        self.prefix = [*self.prefix, "setpriv", "--bounding-set", "-net_admin,-net_raw"]
        self.check_without("lacks CAP_NET_ADMIN")

    def test_the_route_is_looked_for_again_with_each_route_set(self):
        server = self.target(0, live.peer)
        forward = self.forward(*self.lines([server], preserve_client_ip=True), wait=False)
        self.assertIn("no local route", forward.out.wait_for_message("listener-state")["lacks"])
        forward.out.wait_for_message("route-applied", generation=1)
        self.assertEqual(self.seen()[0].split()[0], self.net.NODE)
        live.take_replies_in(self.net.node)
        self.apply(forward, *self.lines([server], preserve_client_ip=True), wait=False)
        self.assertNotIn("lacks", forward.out.wait_for_message("listener-state"))
        forward.out.wait_for_message("route-applied", generation=2)
        said, client = self.seen()
        self.assertEqual(said, "{} {}".format(*client.getsockname()))


class Example(Transparent):
    def show(self):
        return live.take_replies_in(self.net.node, "show", check=False)

    def test_it_can_be_set_up_twice_and_leaves_nothing(self):
        before = self.net.node.ip("rule").stdout
        self.assertEqual(self.show().returncode, 1)
        for _ in range(2):
            live.take_replies_in(self.net.node)
        shown = self.show()
        self.assertEqual(shown.returncode, 0)
        self.assertEqual(shown.stdout.count("local default"), 2)
        self.assertEqual(shown.stdout.count("fwmark"), 2)
        for _ in range(2):
            live.take_replies_in(self.net.node, "down")
        self.assertEqual(self.show().returncode, 1)
        self.assertEqual(self.net.node.ip("rule").stdout, before)

    def test_other_words_are_refused(self):
        self.assertEqual(live.take_replies_in(self.net.node, "", check=False).returncode, 2)


class Troubles(Transparent):
    def prepare_network(self):
        super().prepare_network()
        live.take_replies_in(self.net.node)

    def test_one_port_of_a_client_leads_to_a_target_once(self):
        server = self.target(0, live.peer)
        lines = self.lines([server], preserve_client_ip=True)
        second = self.lines([server], port=81, name=live.OTHER_LISTENER, preserve_client_ip=True)
        forward = self.forward(*lines, second[0])
        first = self.from_port(30001, 80)
        self.assertEqual(live.read_line(first), f"{self.net.CLIENTS[0]} 30001")
        self.assertTrue(was_reset(lambda: self.from_port(30001, 81)))
        self.assertEqual(self.flow(forward)["end"], "flow-collision")
        self.wait_notice(forward, "lead there already", "cross-zone")
        self.assertEqual(live.exchange(first, b"still here"), b"still here")
        self.assertEqual(self.counter(forward, "TCP_ELB_Reset_Count"), 1)

    def test_one_port_of_a_client_leads_to_two_targets(self):
        one, two = self.target(0, live.peer), self.target(1, live.peer)
        forward = self.preserving([one])
        forward.send(*route_set(2, *self.lines([two], port=81, group=live.OTHER_GROUP,
                                               name=live.OTHER_LISTENER, preserve_client_ip=True),
                                scope=live.OTHER_GROUP))
        forward.out.wait_for_message("route-applied", generation=2)
        first = self.from_port(30002, 80)
        self.assertEqual(live.read_line(first), f"{self.net.CLIENTS[0]} 30002")
        second = self.from_port(30002, 81)
        self.assertEqual(live.read_line(second), f"{self.net.CLIENTS[0]} 30002")
        for client in (first, second):
            self.assertEqual(live.exchange(client, b"x"), b"x")

    def from_itself(self, server):
        with self.net.targets.entered():
            client = socket.create_connection((self.net.NODE, live.PORT), nlbtest.DEADLINE,
                                              source_address=(server.address, 0))
        self.addCleanup(client.close)
        return client

    def test_a_target_that_is_its_own_client_is_named(self):
        server = self.target(0, live.peer)
        forward = self.preserving([server])
        self.assertTrue(was_reset(lambda: self.from_itself(server)))
        self.assertEqual(self.flow(forward)["end"], "hairpin")
        self.wait_notice(forward, f"target {server.address}:{server.port}", "connects to itself")

    def test_a_target_whose_replies_do_not_come_back_is_named(self):
        server = self.target(0, live.peer)
        self.net.targets.ip("route", "add", "blackhole", f"{self.net.CLIENTS[0]}/32")
        forward = self.preserving([server], options=("--connect-timeout", "1"))
        self.assertTrue(was_reset(self.connect))
        self.assertEqual(self.flow(forward)["end"], "target-timeout")
        self.wait_notice(forward, f"target {server.address}:{server.port}",
                         "must come back through this node")

    def test_a_client_on_the_node_is_served_from_the_nodes_address(self):
        forward = self.preserving([self.target(0, live.peer)])
        with self.net.node.entered():
            client = socket.create_connection((self.net.NODE, live.PORT), nlbtest.DEADLINE)
        self.addCleanup(client.close)
        self.assertEqual(live.read_line(client).split()[0], self.net.NODE)
        self.assertEqual(self.counter(forward, "ClientAddressInUseCount"), 1)

    def test_a_second_flow_of_a_client_comes_from_the_nodes_address(self):
        server = self.udp_target()
        lines = self.lines([server], protocol="UDP", preserve_client_ip=True)
        second = self.lines([server], port=81, name=live.OTHER_LISTENER, protocol="UDP")
        forward = self.forward(*lines, second[0])
        client = self.datagrams()
        for port in (live.PORT, 81):
            client.connect((self.net.NODE, port))
            client.send(b"?")
            self.assertEqual(client.recv(100), b"?")
        self.assertEqual(server.senders[0], client.getsockname())
        self.assertEqual(server.senders[1][0], self.net.NODE)
        self.assertEqual(self.counter(forward, "ClientAddressInUseCount"), 1)


if __name__ == "__main__":
    live.main()
