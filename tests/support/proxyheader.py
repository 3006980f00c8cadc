# SPDX-License-Identifier: Apache-2.0
"""PROXY protocol headers of version 2 as tests see them, written down apart from lib/wire."""

import collections
import ipaddress
import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
CRC32C, NOOP, AWS = 0x03, 0x04, 0xEA

Header = collections.namedtuple("Header", "local family transport source destination tlvs")


def crc32c(data):
    """Bit by bit, as RFC 3720 has it."""
    rest = 0xFFFFFFFF
    for byte in data:
        rest ^= byte
        for _ in range(8):
            rest = rest >> 1 ^ (0x82F63B78 if rest & 1 else 0)
    return rest ^ 0xFFFFFFFF


def checksum_is_right(raw):
    """Of a whole header with exactly one CRC32C value."""
    at = raw.index(b"\x03\x00\x04") + 3
    return crc32c(raw[:at] + bytes(4) + raw[at + 4:]) == int.from_bytes(raw[at:at + 4], "big")


def parse(raw):
    """A whole header; AssertionError when it is none."""
    assert raw[:12] == SIGNATURE and raw[12] >> 4 == 2, raw
    assert len(raw) == 16 + int.from_bytes(raw[14:16], "big"), raw
    local, family, transport = raw[12] & 15 == 0, raw[13] >> 4, raw[13] & 15
    size = {0: 0, 1: 4, 2: 16}[family]
    block = raw[16:]
    ends = [None, None]
    if size:
        ports = struct.unpack("!HH", block[2 * size:2 * size + 4])
        ends = [(str(ipaddress.ip_address(block[i * size:(i + 1) * size])), ports[i])
                for i in range(2)]
        block = block[2 * size + 4:]
    tlvs = []
    while block:
        kind, length = struct.unpack("!BH", block[:3])
        tlvs.append((kind, block[3:3 + length]))
        block = block[3 + length:]
    return Header(local, family, transport, *ends, tlvs)


def read(connection):
    """The bytes of the header that a connection begins with."""
    def exactly(count):
        data = b""
        while len(data) < count:
            part = connection.recv(count - len(data))
            if not part:
                raise ConnectionError(f"ended after {data!r}")
            data += part
        return data

    head = exactly(16)
    return head + exactly(int.from_bytes(head[14:], "big"))
