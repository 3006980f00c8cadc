# SPDX-License-Identifier: Apache-2.0
"""Log files that only the holder of a key can read."""

import gzip
import os
import subprocess
import time
import unittest

import nlbtest
from collect import Collect, entry
from nlbtest import tool

NLB_LOGS = tool("nlb-logs")
KINDS = {"rsa": ("-newkey", "rsa:2048"),
         "curve": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")}


class Encrypted(Collect):
    def pair(self, name="curve", kind=None):
        """A key and its certificate."""
        key, certificate = (os.path.join(self.dir, f"{name}.{what}") for what in ("key", "pem"))
        subprocess.run(["openssl", "req", "-x509", *KINDS[kind or name], "-nodes", "-subj", "/CN=logs",
                        "-keyout", key, "-out", certificate], check=True, capture_output=True)
        os.chmod(key, 0o600)
        return key, certificate

    def collect(self, text, *options, status=0):
        done = self.run_tool(NLB_LOGS, "collect", "--directory", self.logs, *options,
                             input=text.encode())
        self.assertEqual(done[0], status, done[2])
        return done[2]

    def encrypted(self, certificate, *options):
        """One file with entry 1: its path."""
        self.collect(entry(1), "--encrypt-to", certificate, *options)
        (path,) = self.files()
        return path

    def cat(self, *arguments, status=0):
        done = self.run_tool(NLB_LOGS, "cat", *arguments)
        self.assertEqual(done[0], status, done[2])
        return done[1], done[2]

    def test_openssl_and_every_reading_command_decrypt_them(self):
        for kind in KINDS:
            key, certificate = self.pair(kind)
            self.logs = os.path.join(self.dir, "logs-" + kind)
            path = self.encrypted(certificate)
            self.assertRegex(path, r"\.log\.gz\.cms$")
            with open(path, "rb") as file:
                self.assertNotIn(b"www.example.com", file.read())
            plain = subprocess.run(["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-inkey",
                                    key, "-in", path], check=True, capture_output=True).stdout
            self.assertEqual(gzip.decompress(plain).decode(), entry(1))
            self.assertEqual(self.cat("--key", key, self.logs)[0], entry(1))
            for command in (("query", "--select", "received_bytes"), ("top", "clients"), ("stats",),
                            ("sql", "select count from logs"), ("convert",)):
                status, out, said = self.run_tool(NLB_LOGS, *command, "--key", key, path)
                self.assertEqual((status, said), (0, ""), command)
                self.assertIn("1", out)

    def test_what_openssl_encrypts_is_read_too(self):
        key, certificate = self.pair()
        path = self.write("a.cms", "")
        subprocess.run(["openssl", "cms", "-encrypt", "-binary", "-aes-256-gcm", "-outform", "DER",
                        "-out", path, certificate], check=True, input=entry(7).encode())
        self.assertEqual(self.cat("--key", key, path)[0], entry(7))

    def test_they_are_told_by_content_and_stand_among_others(self):
        key, certificate = self.pair()
        path = os.path.join(self.dir, "b")
        os.rename(self.encrypted(certificate, "--compress", "zstd"), path)
        plain = self.write("a.cms", entry(2))
        packed = os.path.join(self.dir, "c")
        with gzip.open(packed, "wt") as file:
            file.write(entry(3))
        self.assertEqual(self.cat("--key", key, plain, path, packed)[0], entry(2) + entry(1) + entry(3))
        with open(path, "rb") as file:
            status, out, _ = self.run_tool(NLB_LOGS, "cat", "--key", key, "-",
                                           input=file.read())
        self.assertEqual((status, out), (0, entry(1)))

    def test_they_are_followed_as_a_whole(self):
        key, certificate = self.pair()
        with open(self.encrypted(certificate), "rb") as file:
            content = file.read()
        folder = os.path.join(self.dir, "followed")
        os.mkdir(folder)
        process = self.start(NLB_LOGS, "cat", "-f", "--key", key, self.write("a", entry(2)), folder)
        self.assertEqual(process.out.next() + "\n", entry(2))
        with open(os.path.join(folder, "b"), "wb") as file:
            file.write(content[:100])
            file.flush()
            with open(os.path.join(self.dir, "a"), "a", encoding="utf-8") as other:
                other.write(entry(3))
            self.assertEqual(process.out.next() + "\n", entry(3))
            file.write(content[100:])
        self.assertEqual(process.out.next() + "\n", entry(1))

    def test_without_the_right_key_nothing_is_printed(self):
        _, certificate = self.pair()
        path = self.encrypted(certificate)
        out, said = self.cat(path, status=3)
        self.assertEqual(out, "")
        self.assertIn("': encrypted, and there is no --key", said)
        for kind in KINDS:
            other, _ = self.pair("other", kind)
            out, said = self.cat("--key", other, path, status=3)
            self.assertEqual(out, "")
            self.assertIn("was changed, or is for another key", said)

    def test_nothing_of_a_file_that_was_changed_or_cut_off_is_printed(self):
        key, certificate = self.pair()
        self.collect("".join(entry(n) for n in range(200)), "--encrypt-to", certificate, "--compress",
                     "none")
        (path,) = self.files()
        with open(path, "rb") as file:
            sound = file.read()
        bad = os.path.join(self.dir, "bad")
        places = [*range(0, len(sound), len(sound) // 10), len(sound) - 1, len(sound) - 17]
        for at in places:
            changed = bytearray(sound)
            changed[at] ^= 1
            for content in (bytes(changed), sound[:at]):
                with open(bad, "wb") as file:
                    file.write(content)
                status, out, _ = self.run_tool(NLB_LOGS, "cat", "--key", key, bad)
                self.assertNotIn("tls 2.0", out)
                if content:
                    self.assertEqual(status, 3, at)
        with open(bad, "wb") as file:
            file.write(sound + b"\0")
        self.assertIn("followed by something else", self.cat("--key", key, bad, status=3)[1])

    def test_a_key_that_others_can_read_is_refused(self):
        key, certificate = self.pair()
        path = self.encrypted(certificate)
        os.chmod(key, 0o644)
        said = self.cat("--key", key, path, status=2)[1]
        self.assertIn(f"--key: '{key}' is open to others", said)
        self.assertEqual(len(said.splitlines()), 1, said)
        os.chmod(key, 0o640)
        self.cat("--key", key, path)

    def test_wrong_files_are_named(self):
        key, certificate = self.pair()
        self.assertIn("is no certificate in PEM", self.collect("", "--encrypt-to", key, status=2))
        self.assertIn("No such file", self.collect("", "--encrypt-to", key + "x", status=4))
        os.chmod(certificate, 0o600)
        self.assertIn("is no private key in PEM", self.cat("--key", certificate, "-", status=2)[1])
        locked = os.path.join(self.dir, "locked")
        subprocess.run(["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:x", "-out", locked],
                       check=True)
        os.chmod(locked, 0o600)
        self.assertIn("needs a passphrase", self.cat("--key", locked, "-", status=2)[1])
        signs = os.path.join(self.dir, "signs.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=x",
                        "-keyout", os.devnull, "-out", signs], check=True, capture_output=True)
        self.assertIn("nothing can be encrypted to",
                      self.collect("", "--encrypt-to", signs, status=2))

    def test_they_grow_old_like_others(self):
        _, certificate = self.pair()
        path = self.encrypted(certificate)
        days = str(int((time.time() - 1777593600) // (24 * 3600)) - 1)
        self.collect("", "--retention-days", days)
        self.assertEqual(self.files(), [])
        self.assertFalse(os.path.exists(os.path.dirname(path)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
