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


def ipv6(source, destination, protocol, body):
    return struct.pack("!IHBB", 0x60000000, len(body), protocol, 64) + socket.inet_pton(
        socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, destination) + body


def with_checksum(source, destination, protocol, body, at):
    """The body with its checksum at this offset, over a pseudo header of either family."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    pseudo = socket.inet_pton(family, source) + socket.inet_pton(family, destination)
    pseudo += struct.pack("!II", len(body), protocol)  # the same sum as IPv4's shorter one
    return body[:at] + struct.pack("!H", checksum(pseudo + body)) + body[at + 2:]


def udp(source, destination, payload):
    body = struct.pack("!HHHH", source[1], destination[1], 8 + len(payload), 0) + payload
    return with_checksum(source[0], destination[0], 17, body, 6)


def tcp6(source, destination, flags, seq, ack=0, payload=b"", extension=b""):
    """With an extension header, hop-by-hop options, when given: a multiple of 8 bytes."""
    body = struct.pack("!HHIIBBHHH", source[1], destination[1], seq, ack, 5 << 4, flags, 64240, 0,
                       0) + payload
    body = with_checksum(source[0], destination[0], 6, body, 16)
    if extension:
        body = bytes([6, len(extension) // 8 - 1]) + extension[2:] + body
    return ethernet(ipv6(source[0], destination[0], 0 if extension else 6, body), kind=0x86DD)


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

# Datagrams of one flow, whole and in fragments, the target's answers, an ICMP error about one of
# them, and what came too late.
NAMES, RESOLVER = ("198.51.100.1", 53), ("10.0.1.1", 5353)
LONG = udp(CLIENT, NAMES, bytes(range(256)) * 10)


def fragment(part, offset, more):
    return ethernet(ipv4(CLIENT[0], NAMES[0], 17, part, fragment=(0x2000 if more else 0) + offset // 8))


def ask(payload, client=CLIENT):
    return ethernet(ipv4(client[0], NAMES[0], 17, udp(client, NAMES, payload)))


def answer(payload):
    return ethernet(ipv4(RESOLVER[0], CLIENT[0], 17, udp(RESOLVER, CLIENT, payload)))


def unreachable(about):
    body = struct.pack("!BBHI", 3, 3, 0, 0) + about[14:14 + 28]
    return ethernet(ipv4("10.0.1.1", CLIENT[0], 1, body[:2] + struct.pack("!H", checksum(body)) + body[4:]))


def to_target(payload):
    """The client's packet as its target sees it."""
    return ethernet(ipv4(CLIENT[0], RESOLVER[0], 17, udp(CLIENT, RESOLVER, payload)))


write("udp-fragments-and-icmp", [
    (0, ask(b"one")),
    (0.001, answer(b"one")),
    (0.01, fragment(LONG[:1480], 0, True)),
    (0.011, fragment(LONG[1480:], 1480, False)),
    (0.012, answer(b"long")),
    (0.1, unreachable(to_target(b"one"))),
    (1, fragment(LONG[1480:], 1480, False)),  # of the same datagram: late, and still known
    (32, fragment(LONG[1480:], 1480, False)),
    (120.012, ask(b"in time")),
    (240.013, answer(b"too late")),
    (240.014, ask(b"another flow")),
    (240.1, ask(b"another client", ("192.0.2.11", 40000))),
    (240.2, ethernet(ipv4("192.0.2.10", NAMES[0], 1, bytes([8, 0]) + struct.pack("!H", 0xF7FF) + bytes(4)))),
    (240.3, ethernet(ipv4("192.0.2.10", NAMES[0], 47, bytes(8)))),
])
CLIENT6, NODE6 = ("2001:db8:c::10", 40000), ("2001:db8:1::5", 80)
TARGET6 = ("2001:db8:2::11", 8080)
PROBE = struct.pack("!BBHI", 128, 0, 0, 1)
write("tcp6-dualstack", [
    (0, tcp6(CLIENT6, NODE6, SYN, 1000)),
    (0.1, tcp6(CLIENT6, NODE6, ACK, 1001, 1, b"GET /", extension=bytes([0, 0, 1, 4]) + bytes(4))),
    (0.2, tcp6(CLIENT6, ("2001:db8:1::5", 81), SYN, 5)),
    (0.3, tcp6((CLIENT6[0], 40001), NODE6, ACK, 5, 7, b"no flow")),
    (0.4, tcp6(TARGET6, ("2001:db8:1::5", 22013), SYN | ACK, 5, 1001)),
    (0.5, tcp(CLIENT, NODE, SYN, 5)),  # its targets have no IPv4
    (0.6, ethernet(ipv6(CLIENT6[0], NODE6[0], 58, with_checksum(CLIENT6[0], NODE6[0], 58, PROBE, 2)),
                   kind=0x86DD)),
    (0.7, ethernet(ipv6("fe80::1", "ff02::1:ff00:5", 58, with_checksum(
        "fe80::1", "ff02::1:ff00:5", 58, struct.pack("!BBHI", 135, 0, 0, 0) + bytes(16), 2)),
                   kind=0x86DD)),
])
