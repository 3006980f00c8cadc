# SPDX-License-Identifier: Apache-2.0
"""Every reader of every tool and every kind of bad input: an error of one line that says what is
wrong, the exit status of the manual, never a crash, a hang or a sanitizer report."""

import os
import random
import re
import unittest

import balancer
import nlbtest

USAGE, DATA, SYSTEM = 2, 3, 4
MIB = 1 << 20
CAPTURE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "replay",
                       "tcp-preserved-then-idle", "in.pcap")
DEADLINE = 4 * nlbtest.DEADLINE  # a sanitized build reads 64 MiB


class Reader:
    """A command that reads one input; FILE in its words stands for it, or it is standard input."""

    def __init__(self, name, words, sound):
        self.name, self.words, self.sound = name, words.split(), sound

    @property
    def takes_file(self):
        return "FILE" in self.words


class BadInputTest(nlbtest.TestCase):
    @classmethod
    def setUpClass(cls):
        targets = [("127.0.0.1", 9, "local-1a"), ("127.0.0.1", 10, "local-1b")]
        cls.config = balancer.toml(8080, targets).encode()

    def setUp(self):
        super().setUp()
        self.sound_config = self.write("sound.toml", self.config)
        _, self.targets, _ = self.run_tool(nlbtest.tool("nlb-policy"), "targets", self.sound_config)
        _, self.routes, _ = self.run_tool(nlbtest.tool("nlb-policy"), "routes", self.sound_config)
        self.assertIn('"set-end"', self.targets)
        self.assertIn('"set-end"', self.routes)

    def config_readers(self):
        for command in ("check", "show", "targets", "routes", "run"):
            yield Reader("nlb-policy", f"{command} FILE", self.config)
        yield Reader("nlb-forward", "replay - --config FILE", self.config)
        yield Reader("nlb-policy", "check -", self.config)

    def line_readers(self):
        """They read until the end of the input; those that would go on without it are told by
        its emptiness that there is nothing to do."""
        yield Reader("nlb-policy", f"routes {self.sound_config} --health FILE", b"")
        yield Reader("nlb-policy", f"routes {self.sound_config} --health -", b"")
        yield Reader("nlb-health", "once FILE", self.targets.encode())
        yield Reader("nlb-health", "once -", self.targets.encode())
        yield Reader("nlb-health", "run --input FILE", self.targets.encode())
        yield Reader("nlb-health", "run", self.targets.encode())
        yield Reader("nlb-forward", "run --input FILE", self.routes.encode())
        yield Reader("nlb-forward", "run", self.routes.encode())
        replay = f"replay {CAPTURE} --config {self.sound_config}"
        yield Reader("nlb-forward", f"{replay} --health FILE", b"")
        yield Reader("nlb-forward", f"{replay} --health -", b"")
        yield Reader("nlb-forward", f"{replay} --diff FILE", b"")
        yield Reader("nlb-forward", f"{replay} --diff -", b"")

    def capture_readers(self):
        yield Reader("nlb-forward", f"replay FILE --config {self.sound_config}", b"")
        yield Reader("nlb-forward", f"replay - --config {self.sound_config}", b"")

    def try_bytes(self, reader, content):
        """(status, stderr) of the reader with this input."""
        path = self.write("input", content)
        words = [path if word == "FILE" else word for word in reader.words]
        with open(os.devnull if reader.takes_file else path, "rb") as stdin:
            return self.try_words(reader, words, stdin)

    def try_words(self, reader, words, stdin=None):
        status, out, err = self.run_tool(nlbtest.tool(reader.name), *words, deadline=DEADLINE,
                                         input=None, stdin=stdin)
        self.assert_no_crash(status, err)
        return status, err

    def check(self, reader, what, content, statuses):
        with self.subTest(reader=f"{reader.name} {' '.join(reader.words)}", input=what):
            status, err = self.try_bytes(reader, content)
            self.assertIn(status, statuses, err[-2000:])
            self.assert_clear(reader, err)

    def assert_clear(self, reader, err):
        """Lines of bounded length for a person, the last of them by the tool, and not a flood."""
        lines = err.splitlines()
        self.assertGreaterEqual(len(lines), 1)
        self.assertTrue(lines[-1].startswith(reader.name + ": "), lines[-1][:200])
        self.assertLess(max(map(len, lines)), 2000)
        self.assertIsNone(re.search(r"[^\x20-\x7e\t]", err.replace("\n", "")), "raw bytes in a message")

    def garbage(self, sound, enormous=True):
        yield "binary", random.Random(1).randbytes(100_000)
        if enormous:
            yield "one line of 64 MiB", b"x" * (64 * MIB)
            yield "1,000,000 lines", b"".join(b"k%d = 1\n" % i for i in range(1_000_000))
        yield "NUL bytes", bytes(1000)
        if sound:
            yield "truncated", sound[:len(sound) - 40]

    def test_configurations(self):
        for reader in self.config_readers():
            # The others read the file as check does; once is enough of what takes long.
            for what, content in self.garbage(self.config, "check FILE" in " ".join(reader.words)):
                self.check(reader, what, content, {USAGE})

    def test_message_streams(self):
        for reader in self.line_readers():
            for what, content in self.garbage(reader.sound, reader.takes_file):
                self.check(reader, what, content, {DATA})

    def test_captures(self):
        for reader in self.capture_readers():
            for what, content in [*self.garbage(b""), ("empty", b"")]:
                self.check(reader, what, content, {DATA})

    def test_a_missing_file_and_a_directory(self):
        readers = [*self.config_readers(), *self.line_readers(), *self.capture_readers()]
        for reader in readers:
            if not reader.takes_file:
                continue
            for path in (os.path.join(self.dir, "missing"), self.dir):
                with self.subTest(reader=f"{reader.name} {' '.join(reader.words)}", path=path):
                    status, err = self.try_words(
                        reader, [path if w == "FILE" else w for w in reader.words])
                    self.assertEqual(status, SYSTEM, err)
                    self.assertTrue(path in err or "health input" in err, err)
                    self.assertEqual(len(err.splitlines()), 1, err)
                    self.assert_clear(reader, err)

    def test_a_full_disk_as_output(self):
        targets = self.write("targets", self.targets)
        replay = ["replay", CAPTURE, "--config", self.sound_config]
        for name, words in (("nlb-policy", ["show", self.sound_config]),
                            ("nlb-policy", ["targets", self.sound_config]),
                            ("nlb-policy", ["routes", self.sound_config]),
                            ("nlb-policy", ["--help"]), ("nlb-policy", ["--version"]),
                            ("nlb-policy", ["--schema"]), ("nlb-health", ["--schema"]),
                            ("nlb-forward", ["--schema"]), ("nlb-health", ["once", targets]),
                            ("nlb-forward", [*replay, "-j", "1"]),
                            ("nlb-forward", [*replay, "-j", "2"]),
                            ("nlb-forward", [*replay, "--summary"]),
                            ("nlb-forward", [*replay, "-w", "/dev/full"])):
            with self.subTest(words=[name, *words]), open("/dev/full", "wb") as full:
                process = self.start(nlbtest.tool(name), *words, stdout=full)
                status = process.wait()
                err = "\n".join(process.err.rest())
                self.assert_no_crash(status, err)
                self.assertEqual(status, SYSTEM, err)
                self.assertRegex(err, f"(?m)^{name}: .*No space left on device")

    def test_a_reader_that_goes_away(self):
        replay = ["nlb-forward", "replay", CAPTURE, "--config", self.sound_config]
        for name, *words in (["nlb-policy", "show", self.sound_config],
                             ["nlb-policy", "routes", self.sound_config], ["nlb-policy", "--schema"],
                             [*replay, "-j", "1"], [*replay, "-j", "2"], [*replay, "--summary"]):
            with self.subTest(words=words):
                read, write = os.pipe()
                os.close(read)
                process = self.start(nlbtest.tool(name), *words, stdout=write)
                os.close(write)
                self.assertEqual(process.wait(), -13)  # SIGPIPE, as every filter
                self.assertEqual(process.err.rest(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
