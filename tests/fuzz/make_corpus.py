#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the frame, capture, difference, observer, tls_client, tls_records, tls_observer,
proxy_v2, segment and s3_text fuzzers into corpus/ beside it."""

import gzip
import json
import os
import socket
import struct
import zlib

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


def udp(source, destination, payload=b""):
    segment = struct.pack("!HHHH", source[1], destination[1], 8 + len(payload), 0) + payload
    return ip(source[0], destination[0], 17, segment)


def ip(source, destination, protocol, body, fragment=0x4000):
    """Of either family; `protocol` may be the first of the extension headers in `body`."""
    if ":" in source:
        return bytes(12) + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(body), protocol, 64) + (
            socket.inet_pton(socket.AF_INET6, source) +
            socket.inet_pton(socket.AF_INET6, destination) + body)
    return bytes(12) + b"\x08\x00" + struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, fragment, 64, protocol, 0,
        socket.inet_aton(source), socket.inet_aton(destination)) + body


def syn(source, destination, flags=SYN, payload=b""):
    return ip(source[0], destination[0], 6,
              struct.pack("!HHIIBBHHH", source[1], destination[1], 1000, 2000, 5 << 4, flags, 64240,
                          0, 0) + payload)


def error(router, quoted, to, kind, code=0):
    """An ICMP error about a frame."""
    return ip(router, to, 58 if ":" in router else 1,
              struct.pack("!BBHI", kind, code, 0, 1400) + quoted[14:])


def chain(*frames, limits=0):
    return bytes([limits]) + b"".join(struct.pack("!H", len(frame)) + frame for frame in frames)


CLIENT6, NODE6, TARGET6 = ("2001:db8:1::1", 40000), ("2001:db8:2::1", 80), ("fd00:1::1", 8080)
TARGET = ("10.0.1.1", 8080)
SYN6 = syn(CLIENT6, NODE6)
OPTIONS6 = struct.pack("!BB6x", 6, 0)
TWICE = NODE6[0], 81


def fragments(source, destination, extension=b""):
    """The first and the last of one datagram."""
    body = struct.pack("!HHHH", source[1], destination[1], 24, 0) + bytes(16)
    if ":" not in source[0]:
        return [ip(source[0], destination[0], 17, body, 0x2000),
                ip(source[0], destination[0], 17, bytes(8), 3)]
    first = struct.pack("!BBHI", 60 if extension else 17, 0, 1, 7) + extension + body
    return [ip(source[0], destination[0], 44, first),
            ip(source[0], destination[0], 44, struct.pack("!BBHI", 17, 0, 24, 7) + bytes(8))]


FRAMES = {
    "connection": chain(SYN_FRAME, tcp(CLIENT, NODE, ACK, b"hello"), tcp(CLIENT, NODE, FIN_ACK)),
    "no-flow": chain(tcp(CLIENT, NODE, ACK, b"hello"), tcp(CLIENT, NODE, RST)),
    "options": chain(tcp(CLIENT, NODE, SYN, b"", b"\x01" * 40, b"\x01" * 40)),
    "tags": chain(tcp(CLIENT, NODE, SYN, tags=b"\x88\xa8\0\7\x81\0\0\7")),
    "preserved": chain(tcp(CLIENT, (NODE[0], 81), SYN), tcp(TARGET, CLIENT, SYN | ACK)),
    "other": chain(bytes(12) + b"\x86\xdd" + bytes(40), SYN_FRAME[:30], b""),
    "empty-frame": chain(b""),
    "ipv6": chain(SYN6, syn(CLIENT6, NODE6, ACK, b"hello"), syn(CLIENT6, NODE6, RST)),
    "ipv6-no-flow": chain(syn(CLIENT6, NODE6, ACK)),
    "extensions": chain(ip(CLIENT6[0], NODE6[0], 0, struct.pack("!BB6x", 60, 0) + OPTIONS6 +
                           SYN6[54:])),
    "routing": chain(ip(CLIENT6[0], NODE6[0], 43, struct.pack("!BBBB20x", 6, 2, 0, 1) + SYN6[54:])),
    "udp": chain(udp(CLIENT, (NODE[0], 82), b"?"), udp(CLIENT6, (NODE6[0], 82), b"?")),
    "udp-preserved": chain(udp(CLIENT, (NODE[0], 81), b"?"), udp(TARGET, CLIENT, b"!"),
                           udp(CLIENT6, TWICE, b"?"), udp(TARGET6, CLIENT6, b"!")),
    "handed-up": chain(tcp(CLIENT, (NODE[0], 83), SYN)),
    "icmp": chain(tcp(CLIENT, (NODE[0], 81), SYN),
                  error("203.0.113.77", tcp(CLIENT, TARGET, ACK, b"hello"), CLIENT[0], 3, 4),
                  error("203.0.113.77", tcp((NODE[0], 81), CLIENT, ACK), NODE[0], 3, 1)),
    "icmpv6": chain(syn(CLIENT6, TWICE),
                    error("2001:db8:7::77", syn(CLIENT6, TARGET6, ACK, b"hello"), CLIENT6[0], 2),
                    error("2001:db8:7::77", syn(TWICE, CLIENT6, ACK), NODE6[0], 1)),
    "ping": chain(ip(CLIENT[0], NODE[0], 1, bytes([8]) + bytes(15)),
                  ip(CLIENT6[0], NODE6[0], 58, bytes([135]) + bytes(23))),
    "fragments": chain(*fragments(CLIENT, (NODE[0], 82)), *fragments(CLIENT6, (NODE6[0], 82)),
                       *fragments(CLIENT6, (NODE6[0], 82), struct.pack("!BB6x", 17, 0))),
    "too-big": chain(SYN_FRAME, tcp(CLIENT, NODE, ACK, bytes(200)), SYN6,
                     syn(CLIENT6, NODE6, ACK, bytes(200)), limits=1),
    "full": chain(SYN_FRAME, tcp(("192.0.2.2", 1), NODE, SYN), limits=2),
    "guard": chain(SYN_FRAME, tcp(("192.0.2.2", 1), NODE, SYN), limits=4),
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



def seen(flags, back, client, sequence, payload=b""):
    """A segment as observer_fuzz.cpp and tls_observer_fuzz.cpp read it."""
    return bytes([flags | (0x80 if back else 0), client, sequence, len(payload)]) + payload


def opened(client, *more):
    return b"".join((seen(2, False, client, 1), seen(0x12, True, client, 9), *more))


CHECK = (b"GET / HTTP/1.1\r\nHost: 192.0.2.1:80\r\nConnection: close\r\n"
         b"User-Agent: ELB-HealthChecker/2.0\r\nAccept: */*\r\n\r\n")
OBSERVED = {
    "tcp-check": opened(0, seen(0x11, False, 0, 2)),
    "refused": seen(2, False, 1, 1) + seen(0x14, True, 1, 9),
    "http-check": opened(0, seen(0x10, False, 0, 2, CHECK),
                         seen(0x10, True, 0, 10, b"HTTP/1.1 200 OK\r\n\r\n"),
                         seen(0x11, True, 0, 29)),
    "client-reset": opened(2, seen(0x10, False, 2, 2, b"hello"), seen(0x14, True, 2, 10)),
    "tls-alert": opened(3, seen(0x10, False, 3, 2, b"\x16\x03\x01\0\x02hi"),
                        seen(0x10, True, 3, 10, b"\x15\x03\x03\0\x02\x02\x46")),
    "proxy-header": opened(3, seen(0x10, False, 3, 2,
                                   b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0" + CHECK[:60])),
}

TLS_ANSWERS = {
    "alert-protocol-version": b"\x15\x03\x03\0\x02\x02\x46",
    "server-hello": (b"\x16\x03\x03\0\x2a\x02\0\0\x26\x03\x03" + bytes(range(32)) +
                     b"\0\xc0\x2f\0"),
    "no-tls": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


def record(kind, content):
    return struct.pack("!BHH", kind, 0x0303, len(content)) + content


def message(kind, body):
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def extensions(**content):
    numbers = {"server_name": 0, "alpn": 16, "versions": 43, "key_share": 51}
    texts = [struct.pack("!HH", numbers[name], len(text)) + text for name, text in content.items()]
    return struct.pack("!H", len(b"".join(texts))) + b"".join(texts)


CLIENT_HELLO = message(1, b"\3\3" + bytes(32) + b"\0\0\2\x13\1\1\0" + extensions(
    server_name=b"\0\x0c\0\0\x09a.example", alpn=b"\0\x0c\2h2\x08http/1.1"))
SERVER_HELLO = b"\3\3" + bytes(32) + b"\0%b\0"
KEY_EXCHANGE = message(12, b"\3\0\x1d\x20" + bytes(32))
TLS_RECORDS = {
    "client-hello": b"\xff" + record(22, CLIENT_HELLO),
    "in-pieces": b"\x04" + record(22, CLIENT_HELLO[:9]) + record(22, CLIENT_HELLO[9:]),
    "tls-1.2": b"\xff" + record(22, message(2, SERVER_HELLO % b"\xc0\x2f" + extensions(
        alpn=b"\0\3\2h2")) + KEY_EXCHANGE) + record(20, b"\1") + record(22, bytes(40)),
    "tls-1.3": b"\xff" + record(22, message(2, SERVER_HELLO % b"\x13\1" + extensions(
        versions=b"\3\4", key_share=b"\0\x1d\0\x04abcd"))) + record(23, bytes(64)),
    "alert": b"\0" + record(21, b"\x02\x30"),
}


def session(version, *more):
    """A connection on which both have said hello."""
    hello = record(22, CLIENT_HELLO)
    return opened(1, seen(0x10, False, 1, 2, hello), seen(0x10, True, 1, 10, version[1:]), *more)


UP, DOWN = 2 + len(record(22, CLIENT_HELLO)), 9 + len(TLS_RECORDS["tls-1.2"])
FINISHED, DATA = record(20, b"\1") + record(22, bytes(40)), record(23, bytes(64))
TLS_CONNECTIONS = {
    "tls-1.2": session(TLS_RECORDS["tls-1.2"], seen(0x10, False, 1, UP, FINISHED + DATA),
                       seen(0x11, True, 1, DOWN), seen(0x11, False, 1, UP + len(FINISHED + DATA))),
    "tls-1.3": session(TLS_RECORDS["tls-1.3"], seen(0x10, False, 1, UP, DATA),
                       seen(0x14, False, 1, UP + len(DATA))),
    "alert": session(TLS_RECORDS["tls-1.2"], seen(0x10, False, 1, UP, record(21, b"\x02\x30")),
                     seen(0x14, False, 1, UP + 7)),
}


def proxy(command, family, block):
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", command, family, len(block)) + block


FROM_V4 = socket.inet_aton("172.31.7.113") + socket.inet_aton("172.31.10.31") + b"\xc8\xf2\0\x50"
PROXY_HEADERS = {
    "local": proxy(0x20, 0, b""),
    "local-with-block": proxy(0x20, 0x11, FROM_V4) + b"data",
    "ipv4-stream": proxy(0x21, 0x11, FROM_V4),
    "ipv4-datagram": proxy(0x21, 0x12, FROM_V4) + b"data",
    "ipv6-stream": proxy(0x21, 0x21, bytes(range(32)) + b"\xc8\xf2\0\x50" + b"\x04\0\2\0\0"),
    "unix": proxy(0x21, 0x31, b"/run/a".ljust(108, b"\0") + b"/run/b".ljust(108, b"\0")),
    "aws-endpoint": proxy(0x21, 0x11, FROM_V4 + b"\x03\0\4\xe8\xd6\x89\x2d" +
                          b"\xea\0\x17\1vpce-08d2bf15fac5001c9" + b"\x04\0\x24" + bytes(36)),
    "names": proxy(0x21, 0x11, FROM_V4 + b"\1\0\2h2\2\0\1x\x20\0\5\1\0\0\0\0"),
    "version-1": b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
}



def spool_frame(payload, entries=0):
    """[lib/delivery/segment.hpp]"""
    return struct.pack("<III", len(payload), entries, zlib.crc32(payload)) + payload


SEGMENT = b"NLBLOG1\n" + spool_frame(
    b"kind access\naccount 123456789012\nregion local-1\nload-balancer net/web/1\n"
    b"end-ms 1777594200000\nrandom abcdefgh\nbucket logs\nprefix a b\n")
SEGMENTS = {
    "head-only": SEGMENT,
    "two-frames": SEGMENT + spool_frame(b"tls 2.0\ntls 2.0\n", 2) + spool_frame(b"tls 2.0\n", 1),
    "cut": SEGMENT + spool_frame(b"tls 2.0\n", 1) + spool_frame(b"tls 2.0\n", 1)[:-3],
    "zeros": SEGMENT + spool_frame(b"tls 2.0\n", 1) + bytes(64),
    "leads-elsewhere": b"NLBLOG1\n" + spool_frame(b"account ../..\nregion r\nrandom x\n"),
}
S3_TEXTS = {  # the first byte says to which reader
    "answer": b"\0<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>No\n</Message></Error>",
    "profile": b"\1# x\n[profile default]\naws_access_key_id = a\n[b]\naws_access_key_id=c\n",
    "endpoint": b"\2http://[::1]:9000/",
}

for folder, seeds in (("frame", FRAMES), ("capture", CAPTURES), ("difference", DIFFERENCES),
                      ("observer", OBSERVED), ("tls_client", TLS_ANSWERS), ("tls_records", TLS_RECORDS),
                      ("tls_observer", TLS_CONNECTIONS), ("proxy_v2", PROXY_HEADERS),
                      ("segment", SEGMENTS), ("s3_text", S3_TEXTS)):
    os.makedirs(os.path.join(HERE, "corpus", folder), exist_ok=True)
    for name, content in seeds.items():
        with open(os.path.join(HERE, "corpus", folder, name), "wb") as file:
            file.write(content)
