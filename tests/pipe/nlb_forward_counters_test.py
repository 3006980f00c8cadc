# SPDX-License-Identifier: Apache-2.0
"""What nlb-forward counts: by listener and protocol, and what it could not serve."""

import signal
import unittest

import forwarder
import nlbtest
import udp
from forwarder import listener, route, routing


class CountersTest(forwarder.Forwarder):
    def totals(self, forward):
        """Name: value, of listeners; all lines of one SIGUSR1."""
        forward.signal(signal.SIGUSR1)
        lines = {}
        while "SpliceRefusedCount" not in lines:
            line = forward.out.wait_for_message("counter")
            self.assertNotIn(line["name"], lines)
            lines[line["name"]] = line["value"]
        return lines

    def test_a_listener_of_two_protocols_counts_both_and_all(self):
        server = self.serve(nlbtest.echo)
        self.addCleanup(udp.Target(port=server.port).close)
        port = nlbtest.free_port()
        forward = self.forward(listener(port, protocol="TCP_UDP"), routing(), route(server.port))
        tcp = self.connect(port)
        tcp.sendall(b"four")
        self.assertEqual(tcp.recv(4), b"four")
        client = udp.Client(port)
        self.addCleanup(client.socket.close)
        client.send(b"seventy")
        self.assertEqual(client.socket.recv(16), b"seventy")
        totals = self.totals(forward)
        expected = {"ActiveFlowCount": 2, "ActiveFlowCount_TCP": 1, "ActiveFlowCount_UDP": 1,
                    "NewFlowCount": 2, "NewFlowCount_TCP": 1, "NewFlowCount_UDP": 1,
                    "ProcessedBytes": 22, "ProcessedBytes_TCP": 8, "ProcessedBytes_UDP": 14,
                    "RejectedFlowCount": 0, "UnhealthyRoutingFlowCount": 0}
        self.assertEqual({name: totals[name] for name in expected}, expected)

    def test_flows_without_a_target_are_rejected(self):
        port = nlbtest.free_port()
        forward = self.forward(listener(port), routing(), route(1, eligible=False))
        for _ in range(3):
            self.assertTrue(forwarder.was_reset(lambda: self.connect(port)))
        for _ in range(3):
            self.flow(forward, end="no-target")
        totals = self.totals(forward)
        self.assertEqual((totals["RejectedFlowCount"], totals["RejectedFlowCount_TCP"]), (3, 3))

    def test_flows_to_targets_that_are_not_healthy(self):
        server = self.serve(nlbtest.echo)
        port = nlbtest.free_port()
        lines = (listener(port), route(server.port))
        forward = self.forward(*lines, routing(mode="fail-open"))
        for _ in range(2):
            self.hello(port)
        self.apply(forward, *lines, routing())
        self.hello(port)
        totals = self.totals(forward)
        self.assertEqual((totals["NewFlowCount"], totals["UnhealthyRoutingFlowCount"]), (3, 2))

    def hello(self, port):
        with self.connect(port) as one:
            one.sendall(b"hi")
            self.assertEqual(one.recv(2), b"hi")


if __name__ == "__main__":
    unittest.main()
