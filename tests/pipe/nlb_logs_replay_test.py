#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nlb-logs replay: the entries that TLS connections in a capture would have left. OpenSSL speaks at
both ends, in memory; the test makes the segments, so every time and byte is known."""

import gzip
import os
import socket
import ssl
import struct
import subprocess

import nlbtest
from nlbtest import tool

CLIENT, NODE = ("203.0.113.9", 40000), ("192.0.2.10", 443)
START = 1777593600  # 2026-05-01T00:00:00
FIN, SYN, RST, ACK = 1, 2, 4, 16

CONFIG = """
[vpc]
cidrs = ["192.0.2.0/24"]
[[load_balancers]]
name = "web"
id = "50dc6c495c0c9188"
[[load_balancers.zones]]
name = "local-1a"
subnet = "subnet-a"
address = "192.0.2.10"
[[load_balancers.listeners]]
protocol = "TLS"
port = 443
target_group = "web"
certificates = ["default"]
"""


class Capture:
    """A pcap of one connection; 10 ms between two segments."""

    def __init__(self):
        self.frames, self.ms, self.sequence = [], 0, {CLIENT: 1000, NODE: 5000}

    def segment(self, source, flags, payload=b""):
        target = NODE if source == CLIENT else CLIENT
        tcp = struct.pack("!HHIIBBHHH", source[1], target[1], self.sequence[source],
                          self.sequence[target], 5 << 4, flags, 64240, 0, 0) + payload
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0,
                             socket.inet_aton(source[0]), socket.inet_aton(target[0]))
        frame = header + tcp
        self.frames.append(struct.pack("<IIII", START + self.ms // 1000, self.ms % 1000 * 1000,
                                       len(frame), len(frame)) + frame)
        self.sequence[source] += len(payload) + bool(flags & (SYN | FIN))
        self.ms += 10

    def say(self, source, data):
        for at in range(0, len(data), 1400):
            self.segment(source, ACK, data[at:at + 1400])

    def open(self):
        self.segment(CLIENT, SYN)
        self.segment(NODE, SYN | ACK)
        self.segment(CLIENT, ACK)

    def close(self):
        self.segment(CLIENT, FIN | ACK)
        self.segment(NODE, FIN | ACK)

    def bytes(self):
        return struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101) + b"".join(self.frames)


class Session:
    """Both ends of a TLS connection; what they say goes into the capture."""

    def __init__(self, capture, client, server, name="www.example.com"):
        self.capture, self.pipes = capture, [ssl.MemoryBIO() for _ in range(4)]
        to_client, from_client, to_server, from_server = self.pipes
        self.client = client.wrap_bio(to_client, from_client, server_hostname=name)
        self.server = server.wrap_bio(to_server, from_server, server_side=True)

    def flush(self):
        """Carries what either end has said to the other; true if there was anything."""
        to_client, from_client, to_server, from_server = self.pipes
        up, down = from_client.read(), from_server.read()
        self.capture.say(CLIENT, up)
        self.capture.say(NODE, down)
        to_server.write(up)
        to_client.write(down)
        return bool(up or down)

    def shake_hands(self):
        """The failure of the client, if it fails."""
        failure = None
        while True:
            for end in (self.client, self.server):
                try:
                    end.do_handshake()
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLError as error:
                    failure = failure or error
            if not self.flush():
                return failure

    def say(self, end, count):
        end.write(b"x" * count)
        self.flush()


class Replay(nlbtest.TestCase):
    def setUp(self):
        super().setUp()
        self.key, self.certificate = (os.path.join(self.dir, n) for n in ("key.pem", "cert.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=nobody", "-days",
                        "1", "-keyout", self.key, "-out", self.certificate], check=True,
                       capture_output=True)
        self.capture = Capture()

    def session(self, version, verify=False, **options):
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname = False
        client.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
        client.set_alpn_protocols(["h2", "http/1.1"])
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(self.certificate, self.key)
        server.set_alpn_protocols(["http/1.1"])
        client.maximum_version = server.maximum_version = version
        if version == ssl.TLSVersion.TLSv1_2:
            client.set_ciphers(options.get("cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"))
        return Session(self.capture, client, server)

    def replay(self, *args, capture=None):
        path = self.write("in.pcap", self.capture.bytes() if capture is None else capture)
        status, out, err = self.run_tool(tool("nlb-logs"), "replay", path, *args)
        self.assert_no_crash(status, err)
        return status, [line.split(" ") for line in out.splitlines()], err

    def only_entry(self, *args):
        status, entries, err = self.replay(*args)
        self.assertEqual((status, len(entries)), (0, 1), err)
        return entries[0]

    def test_of_tls_1_2_everything_but_the_certificate_is_known(self):
        self.capture.open()
        session = self.session(ssl.TLSVersion.TLSv1_2)
        self.assertIsNone(session.shake_hands())
        shaken = self.capture.ms - 10
        session.say(session.client, 1000)
        session.say(session.server, 70000)
        session.say(session.client, 500)
        self.capture.close()
        ended = self.capture.ms - 10
        end = f"2026-05-01T00:00:{ended // 1000:02}"
        # Accepted with the third segment, at 20 ms.
        self.assertEqual(self.only_entry(), [
            "tls", "2.0", end, "-", "-", "203.0.113.9:40000", "192.0.2.10:443", str(ended - 20),
            str(shaken - 20), "1500", "70000", "-", "-", "-", "ECDHE-ECDSA-AES128-GCM-SHA256",
            "tlsv12", "x25519", "www.example.com", "http/1.1", "-", '"h2","http/1.1"',
            "2026-05-01T00:00:00"])

    def test_other_ciphers_of_tls_1_2(self):
        for cipher, known in (("ECDHE-ECDSA-CHACHA20-POLY1305", True),
                              ("ECDHE-ECDSA-AES256-SHA384", False)):
            with self.subTest(cipher):
                self.capture = Capture()
                self.capture.open()
                session = self.session(ssl.TLSVersion.TLSv1_2, cipher=cipher)
                session.shake_hands()
                session.say(session.client, 77)
                self.capture.close()
                entry = self.only_entry()
                self.assertEqual((entry[14], entry[9]), (cipher, "77" if known else "-"))

    def test_of_tls_1_3_the_choice_is_known_and_the_bytes_are_not(self):
        self.capture.open()
        session = self.session(ssl.TLSVersion.TLSv1_3)
        session.shake_hands()
        session.say(session.client, 1000)
        self.capture.close()
        entry = self.only_entry()
        self.assertEqual(entry[9:21], ["-", "-", "-", "-", "-", "TLS_AES_256_GCM_SHA384", "tlsv13",
                                       "x25519", "www.example.com", "-", "-", '"h2","http/1.1"'])
        self.assertGreater(int(entry[8]), 0)
        self.assertLess(int(entry[8]), int(entry[7]))

    def test_a_client_that_does_not_trust_the_certificate_leaves_its_alert(self):
        self.capture.open()
        session = self.session(ssl.TLSVersion.TLSv1_2, verify=True)
        self.assertIsInstance(session.shake_hands(), ssl.SSLError)
        self.capture.segment(CLIENT, RST)
        entry = self.only_entry()
        self.assertEqual(entry[8:19], ["-", "0", "0", "48", "-", "-", "-", "-", "-",
                                       "www.example.com", "-"])

    def test_what_is_no_tls_leaves_nothing(self):
        self.capture.open()
        self.capture.say(CLIENT, b"GET / HTTP/1.1\r\n\r\n")
        self.capture.close()
        self.assertEqual(self.replay()[:2], (0, []))

    def test_a_connection_that_is_open_at_the_end_is_said_to_be(self):
        self.capture.open()
        self.session(ssl.TLSVersion.TLSv1_2).shake_hands()
        status, entries, err = self.replay()
        self.assertEqual((status, entries), (0, []))
        self.assertIn("1 connections had not ended", err)

    def test_segments_may_be_missing_and_the_bytes_are_unknown_then(self):
        self.capture.open()
        session = self.session(ssl.TLSVersion.TLSv1_2)
        session.shake_hands()
        session.say(session.client, 3000)
        del self.capture.frames[-2]
        session.say(session.client, 100_000)
        self.capture.close()
        entry = self.only_entry()
        self.assertEqual((entry[9], entry[10], entry[15]), ("-", "0", "tlsv12"))

    def test_a_configuration_names_the_listener(self):
        config = self.write("nlb.toml", CONFIG + f"""
[[target_groups]]
name = "web"
protocol = "TLS"
port = 443
[inventory.subnets.subnet-a]
cidrs = ["192.0.2.0/24"]
zone = "local-1a"
[inventory.certificates.default]
certificate_file = "{self.certificate}"
private_key_file = "{self.key}"
""")
        self.capture.open()
        session = self.session(ssl.TLSVersion.TLSv1_2)
        session.shake_hands()
        self.capture.close()
        entry = self.only_entry("--config", config)
        self.assertEqual(entry[3], "net/web/50dc6c495c0c9188")
        self.assertRegex(entry[4], "^[0-9a-f]{16}$")
        self.assertEqual(entry[18:21], ["-", "-", "-"])  # it has no ALPN policy
        self.capture = Capture()
        self.capture.open()
        self.capture.close()  # nothing was said
        self.assertEqual(self.only_entry("--config", config)[8:18],
                         ["-", "0", "0", "-", "-", "-", "-", "-", "-", "-"])

    def test_bad_captures_are_told(self):
        for capture, status in ((b"", 3), (b"no capture", 3), (self.capture.bytes()[:20], 3)):
            found, entries, err = self.replay(capture=capture)
            self.assertEqual((found, entries, err.count("\n")), (status, [], 1), err)

    def test_compressed(self):
        self.capture.open()
        self.session(ssl.TLSVersion.TLSv1_2).shake_hands()
        self.capture.close()
        self.assertEqual(len(self.replay(capture=gzip.compress(self.capture.bytes()))[1]), 1)


if __name__ == "__main__":
    nlbtest.main()
