# SPDX-License-Identifier: Apache-2.0
"""Every packet that the client sees has good checksums, as another program reads them."""

import os
import shutil
import signal
import unittest

import live
import netns
from forwarder import was_reset

# Checksum of each layer, as tshark judges it.
LAYERS = ("ip", "tcp", "udp", "icmp", "icmpv6")


@unittest.skipIf(live.ENVIRONMENT in ("tc", "proxy"), "devices complete the checksums here")
class Checksums(live.TestCase):
    def setUp(self):
        for program in ("tcpdump", "tshark"):
            if shutil.which(program) is None:
                self.skipTest(f"{program} is not installed")
        super().setUp()
        self.file = os.path.join(self.dir, "client.pcap")
        self.capture = self.start(*self.net.client.command(
            "tcpdump", "-Z", "root", "-i", "c0", "-s", "0", "-B", "16384", "--immediate-mode",
            "-U", "-w", self.file))
        self.capture.err.wait_for(lambda line: "listening on" in line)

    def judge(self, *layers):
        """Each of these layers was seen with good checksums, and none with a bad one."""
        netns.until(lambda: all("1" in self.statuses()[layer] for layer in layers),
                    f"good checksums of {layers} in the capture")
        self.capture.signal(signal.SIGINT)
        self.capture.wait()
        for layer, seen in self.statuses().items():
            self.assertNotIn("0", seen, f"bad {layer} checksum")

    def statuses(self):
        """What tshark said of each layer's checksums: 0 (bad), 1 (good), 2 (unverified)."""
        fields = [word for layer in LAYERS for word in ("-e", f"{layer}.checksum.status")]
        check = [f"-o{name}.check_checksum:TRUE" for name in ("ip", "tcp", "udp")]
        done = netns.run("tshark", "-r", self.file, "-T", "fields", "-E", "occurrence=f", *fields,
                         *check, check=False)  # the last packet may be half written
        rows = [row.split("\t") for row in done.stdout.splitlines()]
        return {layer: {row[i] for row in rows if len(row) == len(LAYERS)}
                for i, layer in enumerate(LAYERS)}

    def node(self, six):
        return self.net.NODE6 if six else self.net.NODE

    def tcp(self, six, **routing):
        self.balance([self.target(six=six)], **routing)
        client = self.connect(address=self.node(six))
        for size in (1, 2, 63, 1000, 1399):
            self.assertEqual(len(live.exchange(client, os.urandom(size))), size)
        if live.DATAPATH != "xdp":  # receive offload, which XDP needs here, joins segments
            self.assertEqual(len(live.exchange(client, os.urandom(300_000))), 300_000)
        self.judge("tcp", *([] if six else ["ip"]))

    def udp(self, six, **routing):
        server = self.udp_target(six=six)
        self.balance([server], protocol="UDP", **routing)
        sock = self.datagrams(address=self.node(six))
        for size in (0, 1, 2, 63, 1000, 1447, 4001):
            sock.send(os.urandom(size))
            self.assertEqual(len(sock.recv(65536)), size)
        server.close()
        sock.send(b"closed")
        with self.assertRaises(ConnectionRefusedError):
            sock.recv(100)
        self.judge("udp", *(["icmpv6"] if six else ["ip", "icmp"]))

    def test_ipv4_tcp(self):
        self.tcp(six=False)

    def test_ipv6_tcp(self):
        self.tcp(six=True)

    def test_tcp_with_the_client_address_preserved(self):
        self.tcp(six=False, preserve_client_ip=True)

    def test_ipv4_udp_with_fragments_and_an_icmp_error(self):
        self.udp(six=False)

    def test_ipv6_udp_with_fragments_and_an_icmp_error(self):
        self.udp(six=True)

    def test_udp_with_the_client_address_preserved(self):
        self.udp(six=False, preserve_client_ip=True)

    def test_resets_of_the_node(self):
        server = self.target()
        forward = self.balance([server])
        client = self.connect()
        self.assertEqual(live.exchange(client, b"hello"), b"hello")
        self.apply(forward, *self.lines([server], states={server: "unhealthy"}))
        client.sendall(b"anybody?")
        self.assertTrue(was_reset(client))
        self.judge("tcp", "ip")


if __name__ == "__main__":
    live.main()
