# SPDX-License-Identifier: Apache-2.0
"""The main job on real input: whatever goes through the whole balancer comes out byte for byte."""

import base64
import hashlib
import http.server
import random
import shutil
import socket
import struct
import subprocess
import threading
import unittest

import balancer
import nlbtest

GIB = 1 << 30
BLOCK = 1 << 20


def blocks(total, seed):
    """A stream of `total` bytes that never repeats a block."""
    block = bytearray(random.Random(seed).randbytes(BLOCK))
    for number in range(total // BLOCK):
        struct.pack_into(">Q", block, 0, number)
        yield block


def digest_of(connection):
    """SHA-256 and length of all that comes until the end of the stream."""
    digest, length, buffer = hashlib.sha256(), 0, bytearray(BLOCK)
    while count := connection.recv_into(buffer):
        digest.update(memoryview(buffer)[:count])
        length += count
    return digest.hexdigest(), length


class Files(http.server.BaseHTTPRequestHandler):
    """GET gives self.content, PUT answers with the SHA-256 of what came."""

    protocol_version = "HTTP/1.1"
    content = random.Random(3).randbytes(5_000_000)

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(self.content)

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(hashlib.sha256(body).hexdigest().encode())

    def log_message(self, format, *arguments):
        pass


def serve_files(connection):
    Files(connection, connection.getpeername(), None)


def websocket(connection):
    """RFC 6455, enough of it: the upgrade, then every frame back unmasked with its opcode."""
    stream = connection.makefile("rwb")
    key = None
    while (line := stream.readline().strip()):
        name, _, value = line.partition(b":")
        if name.lower() == b"sec-websocket-key":
            key = value.strip()
    if key is None:
        return  # a health check: connected and left
    stream.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Accept: " + accept_of(key) + b"\r\n\r\n")
    stream.flush()
    while (frame := read_frame(stream)) is not None:
        stream.write(frame_of(*frame))
        stream.flush()


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())


def frame_of(opcode, data, mask=None):
    size = len(data)
    flag = 0x80 if mask else 0
    head = bytes([0x80 | opcode])
    if size < 126:
        head += bytes([flag | size])
    elif size < 65536:
        head += struct.pack(">BH", flag | 126, size)
    else:
        head += struct.pack(">BQ", flag | 127, size)
    if mask:
        data = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
        head += mask
    return head + data


def read_frame(stream):
    """(opcode, data), or None at the end of the stream."""
    head = stream.read(2)
    if len(head) < 2:
        return None
    size = head[1] & 0x7F
    if size == 126:
        [size] = struct.unpack(">H", stream.read(2))
    elif size == 127:
        [size] = struct.unpack(">Q", stream.read(8))
    mask = stream.read(4) if head[1] & 0x80 else None
    data = stream.read(size)
    if mask:
        data = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
    return head[0] & 0x0F, data


class MainJobTest(balancer.TestCase):
    def balance(self, function):
        """A balancer in front of two targets that serve by `function`."""
        self.serve(function, "local-1a")
        self.serve(function, "local-1b")
        self.configure()
        self.start_daemons()

    def curl(self, *words):
        done = subprocess.run(["curl", "-sS", "--fail", *words], capture_output=True,
                              timeout=nlbtest.DEADLINE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_curl_downloads_and_uploads(self):
        if not shutil.which("curl"):
            self.skipTest("there is no curl here")
        self.balance(serve_files)
        content = random.Random(4).randbytes(3_000_000)
        path = self.write("upload", content)
        for node in self.nodes():
            url = f"http://{node}:{self.port}/file"
            self.assertEqual(self.curl(url), Files.content)
            self.assertEqual(self.curl("-T", path, url).decode(),
                             hashlib.sha256(content).hexdigest())

    def test_one_gibibyte_to_the_target(self):
        def serve(connection):
            digest, length = digest_of(connection)
            if length:
                connection.sendall(digest.encode())

        self.balance(serve)
        expected = hashlib.sha256()
        with self.connect() as connection:
            for block in blocks(GIB, 1):
                expected.update(block)
                connection.sendall(block)
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(nlbtest.read_all(connection).decode(), expected.hexdigest())

    def test_one_gibibyte_to_the_client(self):
        sent = {}

        def serve(connection):
            if connection.recv(1) != b"?":
                return  # a health check
            digest = hashlib.sha256()
            for block in blocks(GIB, 2):
                digest.update(block)
                connection.sendall(block)
            sent["digest"] = digest.hexdigest()

        self.balance(serve)
        with self.connect() as connection:
            connection.sendall(b"?")
            digest, length = digest_of(connection)
        self.assertEqual(length, GIB)
        self.assertEqual(digest, sent["digest"])

    def test_a_thousand_connections_at_once(self):
        self.balance(nlbtest.echo)
        count = 1000
        connections = [self.connect(self.nodes()[i % 2]) for i in range(count)]
        texts = [random.Random(i).randbytes(2000) for i in range(count)]
        for connection, text in zip(connections, texts):
            connection.sendall(text)
        for connection, text in zip(connections, texts):
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(nlbtest.read_all(connection), text)
        shares = [server.accepted for server in self.servers]
        self.assertGreater(min(shares), count // 4, f"one target had nearly all: {shares}")

    def test_a_websocket_is_upgraded_and_echoes(self):
        self.balance(websocket)
        connection = self.connect()
        stream = connection.makefile("rwb")
        key = base64.b64encode(random.Random(5).randbytes(16))
        stream.write(b"GET /chat HTTP/1.1\r\nHost: example\r\nUpgrade: websocket\r\nConnection: Upgrade"
                     b"\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n")
        stream.flush()
        self.assertEqual(stream.readline(), b"HTTP/1.1 101 Switching Protocols\r\n")
        headers = dict(line.strip().split(b": ", 1) for line in iter(stream.readline, b"\r\n"))
        self.assertEqual(headers[b"Sec-WebSocket-Accept"], accept_of(key))
        frames = [(1, b"hello"), (2, random.Random(6).randbytes(70_000)), (9, b"ping"), (1, b""),
                  (2, bytes(range(256)) * 2), (8, struct.pack(">H", 1000))]
        for opcode, data in frames:
            stream.write(frame_of(opcode, data, mask=b"\x11\x22\x33\x44"))
            stream.flush()
            self.assertEqual(read_frame(stream), (opcode, data))

    def test_nc_ends_its_half_and_reads_on(self):
        if not shutil.which("nc"):
            self.skipTest("there is no nc here")

        def count(connection):
            """Answers only after the other side has ended its direction."""
            text = nlbtest.read_all(connection)
            if text:
                connection.sendall(b"%d bytes: " % len(text) + text[::-1])

        self.balance(count)
        question = random.Random(7).randbytes(300_000)
        done = subprocess.run(["nc", "-N", self.nodes()[0], str(self.port)], input=question,
                              capture_output=True, timeout=nlbtest.DEADLINE, check=False)
        self.assertEqual(done.stdout, b"300000 bytes: " + question[::-1])
        self.assertEqual(done.returncode, 0)

    def test_the_target_ends_its_half_first_and_reads_on(self):
        got, heard = threading.Event(), {}

        def serve(connection):
            connection.sendall(b"goodbye")
            connection.shutdown(socket.SHUT_WR)
            text = nlbtest.read_all(connection)
            if text:
                heard["text"] = text
                got.set()

        self.balance(serve)
        with self.connect() as connection:
            self.assertEqual(nlbtest.read_all(connection), b"goodbye")
            connection.sendall(b"still here")
            connection.shutdown(socket.SHUT_WR)
            self.assertTrue(got.wait(nlbtest.DEADLINE))
        self.assertEqual(heard["text"], b"still here")


if __name__ == "__main__":
    unittest.main(verbosity=2)
