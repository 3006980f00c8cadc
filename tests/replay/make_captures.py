#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes in.pcap of every scenario beside this file. Nothing here was captured from a network."""

import os
import socket
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CLIENT, NODE, TARGET = ("192.0.2.10", 40000), ("198.51.100.1", 80), ("10.0.1.1", 8080)


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def ipv4(source, destination, protocol, body, fragment=0x4000):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 7, fragment, 64, protocol, 0,
                         socket.inet_aton(source), socket.inet_aton(destination))
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + body


def tcp(source, destination, flags, seq, ack=0, payload=b"", options=b""):
    body = struct.pack("!HHIIBBHHH", source[1], destination[1], seq, ack,
                       (5 + len(options) // 4) << 4, flags, 64240, 0, 0) + options + payload
    pseudo = socket.inet_aton(source[0]) + socket.inet_aton(destination[0]) + struct.pack(
        "!HH", 6, len(body))
    body = body[:16] + struct.pack("!H", checksum(pseudo + body)) + body[18:]
    return ethernet(ipv4(source[0], destination[0], 6, body))


def ethernet(packet, kind=0x0800, tags=b""):
    return bytes.fromhex("020000000002020000000001") + tags + struct.pack("!H", kind) + packet


def write(scenario, packets):
    with open(os.path.join(HERE, scenario, "in.pcap"), "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1))
        for at, frame in packets:
            nanoseconds = 1_700_000_000 * 10**9 + round(at * 10**9)
            file.write(struct.pack("<IIII", *divmod(nanoseconds, 10**9), len(frame), len(frame)))
            file.write(frame)


MSS = b"\x02\x04\x05\xb4\x01\x01\x01\x00"
write("tcp-preserved-then-idle", [
    (0, tcp(CLIENT, NODE, SYN, 1000, options=MSS)),
    (0.001, tcp(TARGET, CLIENT, SYN | ACK, 5000, 1001, options=MSS)),
    (0.002, tcp(CLIENT, NODE, ACK, 1001, 5001)),
    (0.003, tcp(CLIENT, NODE, PSH | ACK, 1001, 5001, b"GET / HTTP/1.0\r\n\r\n")),
    (0.004, tcp(TARGET, CLIENT, PSH | ACK, 5001, 1019, b"HTTP/1.0 200 OK\r\n\r\n")),
    (350.004, tcp(CLIENT, NODE, ACK, 1018, 5020)),  # the last moment: a keepalive
    (700.005, tcp(CLIENT, NODE, PSH | ACK, 1019, 5020, b"too late")),
    (700.006, tcp(TARGET, CLIENT, ACK, 5020, 1019)),
    (701, tcp(CLIENT, NODE, SYN, 90000)),
    (702, tcp(TARGET, CLIENT, RST | ACK, 0, 90001)),
    (733, tcp(CLIENT, NODE, ACK, 90001, 1)),
])
write("tcp-snat-three-targets", [
    (i / 100, tcp((f"192.0.2.{1 + i % 7}", 40000 + i), NODE, SYN, 7919 * i)) for i in range(40)
] + [
    (1, tcp(CLIENT, NODE, ACK, 5, 77, b"no flow")),
    (1, tcp(CLIENT, NODE, RST, 5)),
    (1, tcp(CLIENT, (NODE[0], 81), SYN, 5)),
    (1, tcp(CLIENT, ("203.0.113.1", 80), SYN, 5)),
    (1, ethernet(ipv4("192.0.2.1", NODE[0], 17, struct.pack("!HHHH", 53, 53, 8, 0)))),
    (1, ethernet(ipv4("192.0.2.1", NODE[0], 6, bytes(24), fragment=0x2000))),
    (1, ethernet(bytes(40), kind=0x86DD)),
    (1, tcp(CLIENT, NODE, SYN, 5)[:40]),
    (1, tcp(CLIENT, NODE, SYN, 5)[:20]),
    (1, tcp(CLIENT, NODE, SYN, 5)[:9]),
])

# Eight connections before the target's failure, some packets after it, new connections, and again
# when it is back.
EIGHT = [(f"192.0.2.{1 + i}", 40000 + i) for i in range(8)]
write("tcp-health-changes", [
    (i / 100, tcp(client, NODE, SYN, 1000 * i)) for i, client in enumerate(EIGHT)
] + [
    (1 + i / 100, tcp(client, NODE, ACK, 1000 * i + 1, 1)) for i, client in enumerate(EIGHT)
] + [
    (2 + i / 100, tcp((address, port + 100), NODE, SYN, 1000 * i))
    for i, (address, port) in enumerate(EIGHT)
] + [
    (3 + i / 100, tcp((address, port + 200), NODE, SYN, 1000 * i))
    for i, (address, port) in enumerate(EIGHT)
])
