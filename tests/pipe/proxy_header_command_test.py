# SPDX-License-Identifier: Apache-2.0
"""nlb-forward proxy-header: headers written and read in shells, and what is none."""

import json
import os
import subprocess

import nlbtest
import proxyheader

FORWARD = nlbtest.tool("nlb-forward")
USAGE, DATA, SYSTEM = 2, 3, 4
ENDS4 = ["--source", "192.0.2.1:40000", "--destination", "198.51.100.1:443"]
ENDS6 = ["--source", "[2001:db8::1]:40000", "--destination", "[2001:db8::2]:443"]
GOLDEN = (proxyheader.SIGNATURE + bytes.fromhex("21110054ac1f0771ac1f0a1fc8f20050030004e8d6892d"
          "ea001701") + b"vpce-08d2bf15fac5001c9" + bytes.fromhex("040024") + bytes(36))


class Command(nlbtest.TestCase):
    def command(self, *words, data=b""):
        """(status, standard output as bytes, standard error)."""
        done = subprocess.run([FORWARD, "proxy-header", *words], input=data, capture_output=True,
                              timeout=nlbtest.DEADLINE, check=False)
        err = done.stderr.decode()
        self.assert_no_crash(done.returncode, err)
        return done.returncode, done.stdout, err

    def encode(self, *words):
        status, out, err = self.command("encode", *words)
        self.assertEqual((status, err), (0, ""))
        return out

    def decode(self, data, *words):
        status, out, err = self.command("decode", *words, data=data)
        self.assertEqual((status, err), (0, ""))
        return out.decode()

    def refused(self, status, text, *words, data=b""):
        got, out, err = self.command(*words, data=data)
        self.assertEqual((got, out), (status, b""), err)
        self.assertIn(text, err)
        self.assertEqual(err.count("\n"), 1, err)


class Encode(Command):
    def test_of_ipv4_is_the_addresses_and_nothing_else(self):
        raw = self.encode(*ENDS4)
        self.assertEqual(proxyheader.parse(raw), proxyheader.Header(
            False, 1, 1, ("192.0.2.1", 40000), ("198.51.100.1", 443), []))

    def test_of_ipv6_and_udp(self):
        header = proxyheader.parse(self.encode(*ENDS6, "--protocol", "udp"))
        self.assertEqual(header, proxyheader.Header(
            False, 2, 2, ("2001:db8::1", 40000), ("2001:db8::2", 443), []))

    def test_of_a_connection_of_ones_own(self):
        self.assertEqual(self.encode("--local"), proxyheader.SIGNATURE + b"\x20\0\0\0")

    def test_with_a_checksum_and_values(self):
        raw = self.encode(*ENDS4, "--crc", "--endpoint-id", "vpce-1", "--tlv", "0x02=example.com",
                          "--tlv", "0xe0=")
        self.assertTrue(proxyheader.checksum_is_right(raw))
        self.assertEqual(proxyheader.parse(raw).tlvs[1:],
                         [(proxyheader.AWS, b"\1vpce-1"), (2, b"example.com"), (0xE0, b"")])

    def test_as_the_service_does(self):
        raw = self.encode("--source", "172.31.7.113:51442", "--destination", "172.31.10.31:80",
                          "--aws", "--endpoint-id", "vpce-08d2bf15fac5001c9")
        self.assertEqual(raw, GOLDEN)

    def test_wrong_usage_is_one_line(self):
        for text, *words in (
                ("needs --source and --destination", "encode"),
                ("needs --source and --destination", "encode", *ENDS4[:2]),
                ("two address families", "encode", *ENDS4[:2], *ENDS6[2:]),
                ("ADDRESS:PORT", "encode", *ENDS4[:3], "198.51.100.1"),
                ("ADDRESS:PORT", "encode", *ENDS4[:3], "198.51.100.1:65536"),
                ("ADDRESS:PORT", "encode", *ENDS4[:3], "198.51.100.1:80x"),
                ("ADDRESS:PORT", "encode", *ENDS6[:3], "2001:db8::2:443"),
                ("ADDRESS:PORT", "encode", *ENDS4[:3], "[198.51.100.1]:443"),
                ("ADDRESS:PORT", "encode", *ENDS4[:3], "example.com:443"),
                ("TYPE=TEXT", "encode", *ENDS4, "--tlv", "2=x"),
                ("TYPE=TEXT", "encode", *ENDS4, "--tlv", "0x03=abcd"),
                ("TYPE=TEXT", "encode", *ENDS4, "--tlv", "0x100=x"),
                ("TYPE=TEXT", "encode", *ENDS4, "--tlv", "0xe0"),
                ("room", "encode", *ENDS4, "--tlv", "0xe0=" + "x" * 65500),
                ("no room for --tlv", "encode", *ENDS4, "--aws", "--tlv", "0xe0=x"),
                ("at most 255", "encode", *ENDS4, "--aws", "--endpoint-id", "v" * 256),
                ("without anything", "encode", "--local", *ENDS4),
                ("reads no file", "encode", "x", *ENDS4)):
            with self.subTest(text=text, words=words[1:]):
                self.refused(USAGE, text, *words)


class Decode(Command):
    def test_a_header_of_the_service(self):
        self.assertEqual(self.decode(GOLDEN + b"data").splitlines(), [
            "command proxy", "bytes 100", "family ipv4", "protocol tcp",
            "source 172.31.7.113:51442", "destination 172.31.10.31:80",
            "endpoint 'vpce-08d2bf15fac5001c9'", "tlv 0x03 CRC32C e8d6892d (right)",
            "tlv 0xea AWS 01" + b"vpce-08d2bf15fac5001c9".hex(), "tlv 0x04 NOOP 36 bytes"])

    def test_as_json(self):
        raw = self.encode(*ENDS6, "--protocol", "udp", "--crc", "--tlv", "0x02=example.com")
        line = self.decode(raw, "--json")
        self.assertEqual(line.count("\n"), 1)
        self.assertEqual(json.loads(line), {
            "command": "proxy", "bytes": 73, "family": "ipv6", "protocol": "udp",
            "source_address": "2001:db8::1", "source_port": 40000,
            "destination_address": "2001:db8::2", "destination_port": 443, "checksum": True,
            "tlvs": [{"type": 3, "name": "CRC32C", "hex": raw[55:59].hex()},
                     {"type": 2, "name": "AUTHORITY", "hex": b"example.com".hex()}]})

    def test_of_local_and_unix(self):
        self.assertEqual(self.decode(self.encode("--local")), "command local\nbytes 16\n")
        self.assertEqual(json.loads(self.decode(self.encode("--local"), "--json")),
                         {"command": "local", "bytes": 16})
        block = b"/run/a".ljust(108, b"\0") + b"/run/b".ljust(108, b"\0")
        unix = proxyheader.SIGNATURE + b"\x21\x31\0\xd8" + block
        self.assertIn("protocol stream\nsource '/run/a'\ndestination '/run/b'\n", self.decode(unix))
        self.assertEqual(json.loads(self.decode(unix, "--json"))["destination_path"], "/run/b")

    def test_of_a_file(self):
        path = self.write("header", GOLDEN)
        self.assertEqual(self.decode(b"", path), self.decode(GOLDEN))

    def test_what_follows_is_left_to_the_next_reader(self):
        done = subprocess.run(["sh", "-c", '"$0" proxy-header decode >&2 && exec cat', FORWARD],
                              input=GOLDEN + b"GET / HTTP/1.1\r\n", capture_output=True,
                              timeout=nlbtest.DEADLINE, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b"GET / HTTP/1.1\r\n"))
        self.assertIn(b"source 172.31.7.113:51442", done.stderr)

    def test_it_does_not_wait_for_more_than_the_header(self):
        process = self.start(FORWARD, "proxy-header", "decode")
        process.popen.stdin.write(GOLDEN)
        process.popen.stdin.flush()
        process.out.wait_for(lambda line: line == "source 172.31.7.113:51442")
        self.assertEqual(process.wait(), 0)  # although its input goes on

    def test_what_is_no_header_is_one_line(self):
        wrong_sum = GOLDEN[:-1] + b"x"
        for text, data in (
                ("ends after 0 bytes", b""),
                ("ends after 12 bytes", proxyheader.SIGNATURE),
                ("ends after 99 bytes", GOLDEN[:-1]),
                ("byte 0: not the signature", b"GET / HTTP/1.1\r\n\r\n"),
                ("byte 0: not the signature", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
                ("byte 12: version 1, not 2", GOLDEN[:12] + b"\x11" + GOLDEN[13:]),
                ("byte 13: unknown family 4", GOLDEN[:13] + b"\x41" + GOLDEN[14:]),
                ("byte 31: the checksum is wrong", wrong_sum),
                ("byte 28: a type-length-value goes beyond",
                 GOLDEN[:15] + b"\x10" + GOLDEN[16:28] + b"\x04\0\2x")):
            with self.subTest(text=text):
                self.refused(DATA, text, "decode", data=data)

    def test_garbage_of_any_size_is_no_header(self):
        self.refused(DATA, "no PROXY protocol header", "decode", data=bytes(1 << 20))

    def test_a_file_that_cannot_be_read(self):
        self.refused(SYSTEM, "No such file", "decode", os.path.join(self.dir, "none"))
        self.refused(SYSTEM, "directory", "decode", self.dir)


if __name__ == "__main__":
    nlbtest.main()
