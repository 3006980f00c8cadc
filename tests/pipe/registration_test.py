# SPDX-License-Identifier: Apache-2.0
"""Targets are added to nlb.toml and removed from it while clients come and go: none of them notices."""

import signal

import balancer
import nlbtest

CHECK = {"interval_milliseconds": 100, "timeout_milliseconds": 100}


class Registration(balancer.TestCase):
    def setUp(self):
        super().setUp()
        self.all = [self.serve(nlbtest.echo, zone) for zone in ("local-1a", "local-1b") * 3]
        self.delay = 300

    def register(self, servers):
        """Returns once every thread of the forwarder sends new connections to these and no others."""
        self.servers = list(servers)
        self.configure(check=CHECK, group_attributes={
            "deregistration_delay.timeout_seconds": self.delay})
        self.daemons["nlb-policy"].signal(signal.SIGHUP)
        self.wait_routed()

    def load(self, keep):
        load = balancer.Load(self.connect, connections=6, keep=keep)
        self.addCleanup(load.stop)
        return load

    def check_under_load(self):
        self.configure(check=CHECK)
        self.start_daemons()
        held, fresh = self.load(True), self.load(False)
        for _ in range(3):
            for servers in (self.all[:2], self.all[1:], self.all[:4], self.all[3:5], self.all):
                self.register(servers)
                held.wait_more(50)
                fresh.wait_more(20)
        self.assertEqual((held.failures, fresh.failures), ([], []))

    def test_no_connection_is_lost(self):
        self.check_under_load()

    def test_no_connection_is_lost_without_a_deregistration_delay(self):
        self.delay = 0
        self.check_under_load()


if __name__ == "__main__":
    nlbtest.main()
