# SPDX-License-Identifier: Apache-2.0
"""nlb-forward replay --diff: what another configuration does to the same traffic."""

import os
import re
import subprocess

import nlbtest
import replaytest
from replaytest import HERE, IDLE, SCENARIOS, SNAT, content, lines_of


class Difference(replaytest.TestCase):
    def test_the_same_configuration_makes_no_difference(self):
        for scenario in SCENARIOS:
            old = self.earlier(scenario)
            told = lines_of(self.good(*self.arguments(scenario), "--diff", old))
            self.assertEqual([line["change"] for line in told], ["summary"])
            self.assertEqual(told[0]["different"], 0)

    def test_flows_that_move_break_or_appear_are_told(self):
        capture, config, health = self.arguments(SNAT)[0], *self.arguments(SNAT)[2::2]
        before = lines_of(self.good(capture, "--config", config, "--health", health))
        old = self.earlier(SNAT)
        told = lines_of(self.good(capture, "--config", config, "--diff", old, status=1))
        after = lines_of(self.good(capture, "--config", config))
        moved = [a["packet"] for a, b in zip(before, after) if a.get("target") != b.get("target")]
        self.assertEqual([line["packet"] for line in told[:-1]], moved)
        self.assertEqual({line["change"] for line in told[:-1]}, {"moved"})
        self.assertEqual(told[-1]["moved"], len(moved))
        gone = self.later(SNAT, lambda text: re.sub(r"\n\[\[target_groups.targets.*", "", text,
                                                    flags=re.S))
        told = lines_of(self.good(capture, "--config", gone, "--diff", old, status=1))
        self.assertEqual({line["change"] for line in told[:-1]}, {"breaks"})
        self.assertEqual({line["new_reason"] for line in told[:-1]}, {"no-target"})
        none = self.write("none.ndjson", self.good(capture, "--config", gone).stdout)
        told = lines_of(self.good(*self.arguments(SNAT), "--diff", none, status=1))
        self.assertEqual({line["change"] for line in told[:-1]}, {"appears"})
        self.assertEqual(told[-1]["appears"], 40)

    def test_the_lines_of_the_readme_tell_what_a_change_would_do(self):
        page = content(os.path.join(HERE, "..", "..", "README.md")).decode()
        lines = re.findall(r"^    (nlb-forward replay .*)$", page, re.M)
        self.assertEqual(len(lines), 2)
        capture, _, config, *_ = self.arguments(SNAT)
        for name, data in (("in.pcap", content(capture)), ("nlb.toml", content(config)),
                           ("new.toml", content(config).replace(b'id = "10.0.1.3"', b'id = "10.0.1.9"'))):
            self.write(name, data)
        done = subprocess.run(["bash", "-c", "\n".join(lines)], cwd=self.dir, check=False,
                              capture_output=True, timeout=nlbtest.DEADLINE,
                              env={**os.environ, "PATH": nlbtest.BIN + ":" + os.environ["PATH"]})
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(b'"new_target":"10.0.1.9:8080"', done.stdout)

    def test_lines_of_another_capture_are_refused(self):
        args = self.arguments(SNAT)
        old = self.earlier(SNAT).encode()
        text = content(old)
        for lines, words in (
                (content(os.path.join(HERE, IDLE, "expect.ndjson")), "packet 1 is another one"),
                (text[text.index(b"\n") + 1:], "packet 2 where packet 1 of the capture is expected"),
                (text[:-10], "no JSON object"),
                (text[:text.index(b"\n") + 1], "ends before the capture does"),
                (text + text, "goes on after the end of the capture"),
                (b"", "ends before the capture does"),
                (b"{}\n", 'member "packet" is missing'),
                (b"x" * 70_000, "a line of more than 65536 bytes"),
                (bytes(range(256)), "no JSON object")):
            result = self.replay(*args, "--diff", self.write("bad.ndjson", lines))
            self.assertEqual(result.returncode, 3, words)
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
            self.assertIn(words, result.stderr.decode())
        self.assertEqual(self.replay(*args, "--diff", "/nonexistent").returncode, 4)

    def test_differences_of_a_part_are_differences_of_that_part(self):
        old = self.earlier(SNAT, "host 192.0.2.3")
        self.good(*self.arguments(SNAT), "--diff", old, "host 192.0.2.3")
        self.assertEqual(self.replay(*self.arguments(SNAT), "--diff", old).returncode, 3)
        whole = self.earlier(SNAT)
        self.good(*self.arguments(SNAT), "--diff", whole, "-c", "5")

    def test_the_lines_of_a_difference_may_not_be_overwritten(self):
        old = self.earlier(SNAT)
        self.refused(*self.arguments(SNAT), "--diff", old, "-w", old, words="is an input")


if __name__ == "__main__":
    nlbtest.main()
