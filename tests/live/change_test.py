# SPDX-License-Identifier: Apache-2.0
"""Targets that turn unhealthy or are deregistered: their flows, and where new flows go."""

import live
import nlbtest
from forwarder import was_reset


class Change(live.TestCase):
    def setUp(self):
        super().setUp()
        self.servers = [self.target(i, live.named(str(i))) for i in range(3)]
        self.forwarder = self.balance(self.servers)

    def change(self, *servers, **more):
        self.apply(self.forwarder, *self.lines(list(servers) or self.servers, **more))

    def one_to_each(self):
        """A connection to each target, in their order."""
        found = {}
        for _ in range(200):
            client = self.connect()
            found.setdefault(live.read_line(client), client)
            if len(found) == len(self.servers):
                return [found[name] for name in sorted(found)]
        raise AssertionError(f"200 connections reached only {sorted(found)}")

    def reached(self, count=40):
        return {live.read_line(self.connect()) for _ in range(count)}

    def assert_alive(self, *clients):
        for client in clients:
            self.assertEqual(live.exchange(client, b"alive?"), b"alive?")

    @live.packets_only
    def test_flows_of_a_target_that_turned_unhealthy_are_reset(self):
        first, second, third = self.one_to_each()
        before = self.counter(self.forwarder, "TCP_ELB_Reset_Count")
        self.change(states={self.servers[0]: "unhealthy"})
        first.sendall(b"anybody there?")
        self.assertTrue(was_reset(first))
        self.assert_alive(second, third)
        self.assertGreater(self.counter(self.forwarder, "TCP_ELB_Reset_Count"), before)

    def test_new_flows_avoid_an_unhealthy_target_until_it_is_back(self):
        self.change(states={self.servers[0]: "unhealthy"})
        self.assertEqual(self.reached(), {"1", "2"})
        self.change()
        self.assertEqual(len(self.one_to_each()), 3)

    def test_all_unhealthy_fails_open(self):
        clients = self.one_to_each()
        self.change(mode="fail-open", states={s: "unhealthy" for s in self.servers})
        self.assert_alive(*clients)
        self.assertEqual(len(self.one_to_each()), 3)

    def test_flows_of_a_draining_target_go_on_and_new_ones_go_elsewhere(self):
        clients = self.one_to_each()
        self.change(states={self.servers[0]: "draining"})
        self.assert_alive(*clients)
        self.assertEqual(self.reached(), {"1", "2"})
        self.assert_alive(*clients)

    def test_a_target_that_is_registered_again_takes_new_flows(self):
        self.change(states={self.servers[0]: "draining"})
        self.assertEqual(self.reached(), {"1", "2"})
        self.change()
        self.assertEqual(len(self.one_to_each()), 3)

    def test_flows_live_when_other_targets_come_and_go(self):
        clients = self.one_to_each()
        fourth = self.target(0, live.named("3"), port=7001)
        self.change(*self.servers, fourth)
        self.assert_alive(*clients)
        while live.read_line(self.connect()) != "3":
            pass
        self.change()
        self.assert_alive(*clients)

    def test_a_target_that_died_resets_through_the_node(self):
        """Its own RST reaches the client as one."""
        first = self.one_to_each()[0]
        pair = self.target(1, nlbtest.reset_on_close, port=7002)
        self.change(pair)
        self.assertTrue(was_reset(self.connect))
        self.assertTrue(first.fileno() >= 0)

    def test_a_listener_that_went_takes_no_new_flows(self):
        """Its flows go on; its port is then like any other without a listener."""
        clients = self.one_to_each()
        self.apply(self.forwarder)
        self.assert_alive(*clients)
        with self.assertRaises(OSError):
            self.connect(timeout=1)


if __name__ == "__main__":
    live.main()
