#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the frame, capture and difference fuzzers into corpus/ beside it."""

import gzip
import json
import os
import socket
import struct

HERE = os.path.dirname(os.path.abspath(__file__))


def tcp(source, destination, flags, payload=b"", ip_options=b"", tcp_options=b"", tags=b""):
    """Ethernet, IPv4 and TCP; checksums are zero, which no parser here looks at."""
    segment = struct.pack("!HHIIBBHHH", source[1], destination[1], 1000, 2000,
                          (5 + len(tcp_options) // 4) << 4, flags, 64240, 0, 0)
    segment += tcp_options + payload
    header = struct.pack("!BBHHHBBH4s4s", 0x45 + len(ip_options) // 4, 0,
                         20 + len(ip_options) + len(segment), 1, 0x4000, 64, 6, 0,
                         socket.inet_aton(source[0]), socket.inet_aton(destination[0]))
    return bytes(12) + tags + b"\x08\x00" + header + ip_options + segment


CLIENT, NODE = ("192.0.2.1", 40000), ("198.51.100.1", 80)
SYN, ACK, FIN_ACK, RST = 2, 16, 17, 4
SYN_FRAME = tcp(CLIENT, NODE, SYN)


def chain(*frames):
    return b"".join(struct.pack("!H", len(frame)) + frame for frame in frames)


FRAMES = {
    "connection": chain(SYN_FRAME, tcp(CLIENT, NODE, ACK, b"hello"), tcp(CLIENT, NODE, FIN_ACK)),
    "no-flow": chain(tcp(CLIENT, NODE, ACK, b"hello"), tcp(CLIENT, NODE, RST)),
    "options": chain(tcp(CLIENT, NODE, SYN, b"", b"\x01" * 40, b"\x01" * 40)),
    "tags": chain(tcp(CLIENT, NODE, SYN, tags=b"\x88\xa8\0\7\x81\0\0\7")),
    "preserved": chain(tcp(CLIENT, ("198.51.100.1", 81), SYN),
                       tcp(("10.0.1.2", 80), CLIENT, SYN | ACK)),
    "other": chain(bytes(12) + b"\x86\xdd" + bytes(40), SYN_FRAME[:30], b""),
}


def pcap(order, magic, link, packets):
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    for packet in packets:
        out += struct.pack(order + "IIII", 1, 2, len(packet), len(packet)) + packet
    return out


def block(order, kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(
        order + "I", len(body) + 12)


def pcapng(order):
    out = block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += block(order, 1, struct.pack(order + "HHI", 1, 0, 0))
    out += block(order, 1, struct.pack(order + "HHIHHBxxxHH", 113, 0, 0, 9, 1, 9, 0, 0))
    out += block(order, 6, struct.pack(order + "IIIII", 0, 1, 2, 54, 54) + SYN_FRAME)
    out += block(order, 6, struct.pack(order + "IIIII", 1, 1, 2, 20, 20) + bytes(14) + b"\x08\0E\0\0\0")
    out += block(order, 2, struct.pack(order + "HHIIII", 0, 0, 1, 2, 4, 4) + b"abcd")
    return out + block(order, 3, struct.pack(order + "I", 54) + SYN_FRAME)


TWO = [SYN_FRAME, b"x"]
CAPTURES = {
    "micro-little.pcap": pcap("<", 0xA1B2C3D4, 1, TWO),
    "nano-big.pcap": pcap(">", 0xA1B23C4D, 276, [bytes(20) + SYN_FRAME[14:]]),
    "raw.pcap": pcap("<", 0xA1B2C3D4, 101, [SYN_FRAME[14:]]),
    "little.pcapng": pcapng("<"),
    "big.pcapng": pcapng(">"),
    "two-members.pcap.gz": gzip.compress(pcap("<", 0xA1B2C3D4, 1, TWO)[:30], mtime=0) +
                           gzip.compress(pcap("<", 0xA1B2C3D4, 1, TWO)[30:], mtime=0),
    # A zstd frame whose one block is stored as it is (RFC 8878 3.1.1).
    "stored.pcap.zst": b"\x28\xb5\x2f\xfd\x00\x58" + struct.pack(
        "<I", (len(pcap("<", 0xA1B2C3D4, 1, TWO)) << 3) | 1)[:3] + pcap("<", 0xA1B2C3D4, 1, TWO),
}



def verdict(packet, reason, target=None, verdict="forward"):
    line = {"packet": packet, "time_ns": "1700000000000000000", "verdict": verdict,
            "reason": reason, "protocol": 6, "source_address": "192.0.2.1", "source_port": 40000,
            "destination_address": "198.51.100.1", "destination_port": 80, "listener": "l"}
    if target:
        line |= {"target": target, "new_destination_address": target, "new_destination_port": 80}
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


DIFFERENCES = {
    "equal": 2 * verdict(1, "new-flow", "10.0.0.1"),
    "moved": verdict(1, "new-flow", "10.0.0.1") + verdict(1, "new-flow", "10.0.0.2") +
             verdict(2, "flow", "10.0.0.1") + verdict(2, "no-target", verdict="reset") +
             2 * verdict(3, "new-flow", "10.0.0.1") +
             verdict(4, "no-flow", verdict="reset") + verdict(4, "flow", "10.0.0.1"),
    "other-capture": verdict(1, "not-ours", verdict="pass") + verdict(2, "reply", "10.0.0.1"),
}

for folder, seeds in (("frame", FRAMES), ("capture", CAPTURES), ("difference", DIFFERENCES)):
    os.makedirs(os.path.join(HERE, "corpus", folder), exist_ok=True)
    for name, content in seeds.items():
        with open(os.path.join(HERE, "corpus", folder, name), "wb") as file:
            file.write(content)
