# SPDX-License-Identifier: Apache-2.0
"""Interfaces go down, get other link addresses, are made anew: flows go on, new ones are forwarded."""

import signal

import live
import netns


@live.packets_only
class Interfaces(live.TestCase):
    def setUp(self):
        super().setUp()
        self.server = self.target()
        self.forwarder = self.balance([self.server])

    def held(self):
        client = self.connect()
        self.assertEqual(live.exchange(client, b"before"), b"before")
        return client

    def assert_alive(self, client):
        self.assertEqual(live.exchange(client, b"after"), b"after")

    def works(self):
        """Whether a new connection is forwarded."""
        try:
            self.assert_alive(self.connect(timeout=1))
            return True
        except OSError:
            return False

    def test_a_flow_outlives_that_an_interface_was_down(self):
        client = self.held()
        self.net.node.ip("link", "set", "dev", "n1", "down")
        self.net.node.ip("link", "set", "dev", "n1", "up")
        self.assert_alive(client)

    def announce_new_link_address(self, space, interface):
        space.sysctl({"net.ipv4.conf.all.arp_notify": 1})
        space.ip("link", "set", "dev", interface, "address", "02:00:00:00:00:77")

    def test_a_target_may_take_another_link_address(self):
        client = self.held()
        self.announce_new_link_address(self.net.targets, "t0")
        self.assert_alive(client)

    def test_a_client_may_take_another_link_address(self):
        client = self.held()
        self.announce_new_link_address(self.net.client, "c0")
        self.assert_alive(client)

    def test_a_link_address_that_changed_silently_is_found_out(self):
        self.net.node.sysctl({"net.ipv4.neigh.n1.delay_first_probe_time": 1,
                              "net.ipv4.neigh.n1.retrans_time_ms": 100})
        self.held()
        self.net.node.ip("neigh", "change", self.server.address, "dev", "n1", "nud", "stale")
        self.net.targets.ip("link", "set", "dev", "t0", "address", "02:00:00:00:00:78")
        netns.until(self.works, "the new link address is asked for")

    def test_an_interface_made_anew_is_found_at_the_next_start(self):
        self.forwarder.signal(signal.SIGKILL)
        self.forwarder.wait()
        self.net.remake_client_link()
        self.prepare_network()
        self.forwarder = self.balance([self.server])
        self.assert_alive(self.held())

    def test_an_interface_made_anew_is_found_while_running(self):
        self.held()
        self.net.remake_client_link()
        self.prepare_network()
        netns.until(self.works, "the new interface forwards")

    def test_settings_that_lose_packets_are_told(self):
        self.forwarder.signal(signal.SIGTERM)
        self.forwarder.wait()
        self.net.node.sysctl({"net.ipv4.conf.all.accept_local": 0, "net.ipv4.conf.n0.forwarding": 0})
        forwarder = self.balance([self.server])
        forwarder.err.wait_for_all(lambda line: "net.ipv4.conf.n0.forwarding=1" in line,
                                   lambda line: "net.ipv4.conf.n1.accept_local=1" in line)


if __name__ == "__main__":
    live.main()
