# SPDX-License-Identifier: Apache-2.0
"""Source ports towards a target run out: the client is reset, and it is counted [p.43]."""

import live
from forwarder import was_reset

PORTS = 10


class Ports(live.TestCase):
    def setUp(self):
        super().setUp()
        last = 20000 + PORTS - 1
        self.net.node.sysctl({"net.ipv4.ip_local_port_range": f"20000 {last}",
                              "net.ipv4.tcp_tw_reuse": 0})

    def used(self, port=live.PORT):
        client = self.connect(port)
        self.assertEqual(live.exchange(client, b"x"), b"x")
        return client

    def test_each_target_has_all_of_them_and_not_one_more(self):
        forward = self.balance([self.target(0)])
        held = [self.used() for _ in range(PORTS)]
        self.assertTrue(was_reset(self.connect))
        flow = self.flow(forward)
        self.assertEqual((flow["end"], flow["target_bytes"]), ("port-allocation", 0))
        self.assertEqual(self.counter(forward, "PortAllocationErrorCount"), 1)
        self.assertEqual(self.counter(forward, "TCP_ELB_Reset_Count"), 1)
        self.apply(forward, *self.lines([self.target(1)]))
        held += [self.used() for _ in range(PORTS)]  # of another target there are as many
        for client in held:
            self.assertEqual(live.exchange(client, b"still here"), b"still here")

    def test_another_target_has_ports_left(self):
        """With --connect-retries."""
        self.balance([self.target(0), self.target(1)], options=("--connect-retries", "1"))
        held = [self.used() for _ in range(2 * PORTS)]
        self.assertTrue(was_reset(self.connect))
        self.assertEqual(len(held), 2 * PORTS)


if __name__ == "__main__":
    live.main()
