# SPDX-License-Identifier: Apache-2.0
"""What the kernel's flows leave behind: flow lines, counters, evidence of targets that are not well."""

import socket

import live
import nlbtest
from forwarder import GROUP, was_reset

HEADERS = 40  # of an IPv4 TCP packet at least


@live.packets_only
class Records(live.TestCase):
    def used(self, server, **more):
        """(forwarder, the flow line of a connection that sent 1000 bytes and got them back)."""
        forward = self.balance([server], **more)
        client = self.connect()
        self.assertEqual(len(live.exchange(client, b"x" * 1000)), 1000)
        port = client.getsockname()[1]
        client.close()
        return forward, self.flow(forward, client_port=port)

    def test_a_flow_line_names_the_ends_and_counts_ip_bytes(self):
        server = self.target()
        _, flow = self.used(server)
        expected = {"listener": live.LISTENER, "zone": "a", "group": GROUP, "end": "closed",
                    "target": f"{server.address}:{server.port}",
                    "client_address": self.net.CLIENTS[0]}
        self.assertEqual({key: flow[key] for key in expected}, expected)
        for side in ("client_bytes", "target_bytes"):
            self.assertGreaterEqual(flow[side], 1000 + 2 * HEADERS)

    def test_counters_of_a_listener(self):
        forward, flow = self.used(self.target())
        self.assertEqual(self.counter(forward, "NewFlowCount"), 1)
        self.assertEqual(self.counter(forward, "ProcessedBytes"),
                         flow["client_bytes"] + flow["target_bytes"])
        self.assertEqual(self.counter(forward, "TCP_ELB_Reset_Count"), 0)
        self.assertEqual(self.counter(forward, "PortAllocationErrorCount"), 0)

    def values(self, forward, *names):
        return [self.counter(forward, name) for name in names]

    def test_a_listener_of_two_protocols_counts_both_and_all(self):
        server = self.target()
        self.udp_target()
        forward = self.balance([server], protocol="TCP_UDP")
        self.assertEqual(live.exchange(self.connect(), b"hello"), b"hello")
        for _ in range(2):
            client = self.datagrams()
            client.send(b"hello")
            self.assertEqual(client.recv(16), b"hello")
        self.assertEqual(self.values(forward, "NewFlowCount", "NewFlowCount_TCP",
                                     "NewFlowCount_UDP"), [3, 1, 2])
        self.assertEqual(self.counter(forward, "ProcessedBytes_UDP"), 4 * (28 + len(b"hello")))
        self.assertEqual(self.values(forward, "RejectedFlowCount", "RejectedFlowCount_TCP",
                                     "RejectedFlowCount_UDP"), [0, 0, 0])

    def test_flows_without_a_target_are_rejected(self):
        server = self.target()
        forward = self.balance([server], protocol="TCP_UDP", states={server: "unhealthy"})
        for _ in range(3):
            with self.assertRaises(ConnectionRefusedError):
                self.connect()
        self.assertEqual(self.values(forward, "RejectedFlowCount", "RejectedFlowCount_TCP",
                                     "RejectedFlowCount_UDP"), [3, 3, 0])

    def test_packets_are_counted_by_reason(self):
        forward = self.balance([self.target()])
        with self.net.client.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"nobody wants this", (self.net.NODE, 9))
        self.assertEqual(live.exchange(self.connect(), b"hello"), b"hello")
        self.assertEqual(self.counter(forward, "Packet.new-flow"), 1)
        self.assertEqual(self.counter(forward, "Packet.no-listener"), 1)

    def test_a_target_that_refuses(self):
        """The client sees its RST; the flow line and the evidence say who it was."""
        target = live.Endpoint(self.net.TARGETS[0], 7999)
        forward = self.balance([target])
        with self.assertRaises(ConnectionRefusedError):
            self.connect()
        self.assertEqual(self.flow(forward)["end"], "target-refused")
        evidence = forward.out.wait_for_message("target-evidence")
        self.assertEqual((evidence["group"], evidence["target"], evidence["zone"],
                          evidence["kind"], evidence["count"]),
                         (GROUP, f"{target.address}:{target.port}", "a", "refused", 1))
        self.assertEqual(self.counter(forward, "TCP_Target_Reset_Count"), 1)

    def test_a_target_that_resets(self):
        forward = self.balance([self.target(0, nlbtest.reset_on_close)])
        self.assertTrue(was_reset(self.connect))
        self.assertEqual(self.flow(forward)["end"], "target-reset")
        self.assertEqual(forward.out.wait_for_message("target-evidence")["kind"], "reset")

    def test_a_client_that_resets(self):
        """That says nothing about the target."""
        forward = self.balance([self.target()])
        client = self.connect()
        self.assertEqual(live.exchange(client, b"hello"), b"hello")
        nlbtest.reset_on_close(client)
        client.close()
        self.assertEqual(self.flow(forward)["end"], "client-reset")
        self.assertEqual(self.counter(forward, "TCP_Client_Reset_Count"), 1)

    def test_a_flow_of_datagrams(self):
        forward = self.balance([self.udp_target()], protocol="UDP", idle_ms=1500)
        sock = self.datagrams()
        sock.send(b"x" * 1000)
        self.assertEqual(len(sock.recv(2000)), 1000)
        flow = self.flow(forward)
        self.assertEqual((flow["end"], flow["protocol"], flow["client_port"]),
                         ("idle-timeout", "udp", sock.getsockname()[1]))
        self.assertEqual((flow["client_bytes"], flow["target_bytes"]), (1028, 1028))


if __name__ == "__main__":
    live.main()
