#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nlb-health replay on captures written here, plain and compressed."""

import gzip
import json
import os
import socket
import struct
import subprocess

import balancer
import nlbtest
from nlb_health_test import GROUP, HEALTH, group, ndjson, target, target_set

FIN, SYN, RST, ACK = 1, 2, 4, 16
TARGET = ("10.0.0.1", 8080)
REQUEST = (b"GET / HTTP/1.1\r\nHost: 192.0.2.1:80\r\nConnection: close\r\n"
           b"User-Agent: ELB-HealthChecker/2.0\r\nAccept: */*\r\n\r\n")


class Capture:
    """pcap bytes; time runs by seconds that each packet names."""

    def __init__(self):
        self.bytes = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
        self.sequence = {}

    def packet(self, at, source, destination, flags, payload=b""):
        number = self.sequence.get((source, destination), 1000)
        self.sequence[source, destination] = number + len(payload) + (1 if flags & (SYN | FIN) else 0)
        tcp = struct.pack("!HHIIBBHHH", source[1], destination[1], number, 1, 5 << 4, flags, 64240,
                          0, 0) + payload
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0,
                         socket.inet_aton(source[0]), socket.inet_aton(destination[0]))
        frame = bytes(12) + b"\x08\x00" + ip + tcp
        time = 1_700_000_000 + at
        self.bytes += struct.pack("<IIII", int(time), round(time % 1 * 1e6), len(frame), len(frame))
        self.bytes += frame

    def open(self, at, client):
        self.packet(at, client, TARGET, SYN)
        self.packet(at, TARGET, client, SYN | ACK)
        self.packet(at, client, TARGET, ACK)

    def check(self, at, port, code):
        client = ("192.0.2.7", port)
        self.open(at, client)
        self.packet(at, client, TARGET, ACK, REQUEST)
        self.packet(at + 0.25, TARGET, client, ACK, b"HTTP/1.1 %d X\r\n\r\n" % code)
        self.packet(at + 0.25, TARGET, client, FIN | ACK)
        self.packet(at + 0.25, client, TARGET, FIN | ACK)


class Replay(nlbtest.TestCase):
    def setUp(self):
        super().setUp()
        self.targets = self.write("targets.ndjson", ndjson(target_set(
            group(check_protocol="HTTP", check_timeout_ms=2000),
            target(8080, "10.0.0.1", "t:8080"))))

    def capture(self):
        capture = Capture()
        capture.check(0, 1001, 200)
        capture.check(5, 1002, 503)
        client = ("192.0.2.9", 2001)
        capture.open(6, client)
        capture.packet(6, client, TARGET, ACK, b"GET /page HTTP/1.1\r\n\r\n")
        capture.packet(7, TARGET, client, RST | ACK)
        capture.packet(8, ("192.0.2.7", 1003), TARGET, SYN)
        capture.packet(12, ("192.0.2.9", 2002), ("10.0.0.99", 1), SYN)
        return capture.bytes

    def replay(self, file, *args, **options):
        status, out, err = self.run_tool(HEALTH, "replay", file, "--targets", self.targets, *args,
                                         **options)
        self.assertEqual((status, err), (0, ""))
        return out

    def test_lines(self):
        name = f"{GROUP} t:8080"
        expected = [
            f"1700000000.250000000 {name} check passed",
            f"1700000000.250000000 {name} initial -> healthy",
            f"1700000005.250000000 {name} check wrong-code GET http://10.0.0.1:8080/: answered "
            "503, 200-399 passes",
            f"1700000007.000000000 {name} flow reset",
            f"1700000010.000000000 {name} check connect-timeout GET http://10.0.0.1:8080/: no "
            "answer to connect within 2000 ms",
            f"1700000010.000000000 {name} healthy -> unhealthy Health checks failed: GET "
            "http://10.0.0.1:8080/: no answer to connect within 2000 ms"]
        plain = self.capture()
        zstd = subprocess.run(["zstd", "-c"], input=plain, capture_output=True, check=True).stdout
        for data in (plain, gzip.compress(plain), zstd):
            self.assertEqual(self.replay(self.write("in.pcap", data)).splitlines(), expected)

    def test_messages_are_what_a_forwarders_replay_takes(self):
        file = self.write("in.pcap", self.capture())
        lines = [json.loads(line) for line in self.replay(file, "--json").splitlines()]
        self.assertEqual([line["type"] for line in lines],
                         ["time", "check-result", "target-health", "time", "check-result", "time",
                          "target-evidence", "time", "check-result", "target-health"])
        self.assertEqual(lines[0]["time_ns"], "1700000000250000000")
        self.assertEqual((lines[1]["outcome"], lines[1]["took_ns"]), ("passed", 250_000_000))
        self.assertEqual((lines[2]["state"], lines[9]["state"]), ("healthy", "unhealthy"))
        self.assertEqual((lines[6]["kind"], lines[6]["count"]), ("reset", 1))

    def test_a_forwarders_replay_takes_the_messages(self):
        config = self.write("nlb.toml", balancer.toml(
            80, [("10.0.0.1", 8080, "a")], zones={"a": "198.51.100.1"},
            check={"protocol": "HTTP", "timeout_seconds": 2}).encode())
        status, targets, err = self.run_tool(nlbtest.tool("nlb-policy"), "targets", config)
        self.assertEqual(status, 0, err)
        self.targets = self.write("targets.ndjson", targets.encode())
        health = self.write("health.ndjson",
                            self.replay(self.write("in.pcap", self.capture()), "--json").encode())
        capture = Capture()
        for at in (0.1, 1, 11):  # initial, healthy, unhealthy and thus fail-open
            capture.packet(at, ("192.0.2.9", 3000 + int(at)), ("198.51.100.1", 80), SYN)
        status, out, err = self.run_tool(
            nlbtest.tool("nlb-forward"), "replay", self.write("clients.pcap", capture.bytes),
            "--config", config, "--health", health)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual([json.loads(line).get("target") for line in out.splitlines()],
                         ["10.0.0.1:8080"] * 3)

    def test_what_cannot_be_read(self):
        file = self.write("in.pcap", self.capture())
        status, _, err = self.run_tool(HEALTH, "replay", file, "--targets", os.devnull)
        self.assertEqual(status, 3)
        self.assertIn("holds no complete target-set", err)
        status, _, err = self.run_tool(HEALTH, "replay", self.targets, "--targets", self.targets)
        self.assertEqual(status, 3, err)
        cut = self.write("cut.pcap", self.capture()[:-10])
        status, out, _ = self.run_tool(HEALTH, "replay", cut, "--targets", self.targets)
        self.assertEqual((status, len(out.splitlines())), (3, 4))
        self.assertEqual(self.run_tool(HEALTH, "replay", "-")[0], 2)
        self.assertEqual(self.run_tool(HEALTH, "replay", os.path.join(self.dir, "none"),
                                       "--targets", self.targets)[0], 4)


if __name__ == "__main__":
    nlbtest.main()
