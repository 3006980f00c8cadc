# SPDX-License-Identifier: Apache-2.0
"""Captures through nlb-forward replay: the verdict lines and the rewritten capture are those that
were looked at and checked in, on every engine, and every reason has its row in the manual page.

NLB_REPLAY_WRITE=1 writes the expected files anew.
"""

import json
import os
import re
import shutil
import struct

import nlbtest
import replaytest
from replaytest import HERE, SCENARIOS, content

WRITE = os.environ.get("NLB_REPLAY_WRITE") == "1"
PLAIN = "tcp-preserved-then-idle"


class Replay(replaytest.TestCase):
    def check(self, scenario, engine):
        out = os.path.join(self.dir, f"{scenario}-{engine}.pcap")
        result = self.replay(*self.arguments(scenario), "--engine", engine, "-w", out)
        status, lines, errors = result.returncode, result.stdout, result.stderr
        if engine != "user" and status == 4 and not nlbtest.REQUIRE_BPF:
            self.assertIn(b"--engine " + engine.encode(), errors)
            self.skipTest(errors.decode().strip())
        self.assertEqual(status, 0, errors)
        for name, got in (("expect.ndjson", lines), ("expect.pcap", content(out))):
            path = os.path.join(HERE, scenario, name)
            if WRITE and engine == "user":
                with open(path, "wb") as file:
                    file.write(got)
            self.assertEqual(got, content(path), f"{scenario} on {engine}: {name}")

    def test_the_user_engine_does_what_is_expected(self):
        for scenario in SCENARIOS:
            with self.subTest(scenario):
                self.check(scenario, "user")

    def test_the_kernel_engines_do_the_same(self):
        for engine in ("tc", "xdp"):
            for scenario in SCENARIOS:
                self.check(scenario, engine)

    def test_an_unhealthy_target_takes_no_new_flow(self):
        lines = content(os.path.join(HERE, "tcp-snat-three-targets", "expect.ndjson")).splitlines()
        targets = {json.loads(line).get("target") for line in lines}
        self.assertEqual(targets, {None, "10.0.1.1:8080", "10.0.1.3:8080"})

    def test_a_capture_comes_from_standard_input_and_goes_to_standard_output(self):
        capture, *rest = self.arguments(PLAIN)
        result = self.replay("-", *rest, "-w", "-", input=content(capture))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, content(os.path.join(HERE, PLAIN, "expect.pcap")))
        result = self.replay("-", *rest, "-c", "3", input=content(capture))
        self.assertEqual(len(result.stdout.splitlines()), 3)

    def test_bad_input_is_told_with_the_right_status(self):
        capture, *rest = self.arguments(PLAIN)
        good = content(capture)
        odd = good[:20] + struct.pack("<I", 147) + good[24:]
        rows = [
            (good[:-1], 3, b"the file ends inside a packet", 10),
            (b"", 3, b"the file is empty", 0),
            (b"\x7fELF" + bytes(1000), 3, b"neither pcap nor pcapng", 0),
            (odd, 3, b"11 packets skipped", 11),
            (good[:24] + b"\xff" * 100, 3, b"at most 262144 are read", 0),
        ]
        for data, status, words, count in rows:
            result = self.replay("-", *rest, input=data)
            self.assertEqual(result.returncode, status, result.stderr)
            self.assertIn(words, result.stderr)
            self.assertEqual(len(result.stdout.splitlines()), count)
        self.assertEqual(self.replay(os.path.join(self.dir, "none"), *rest).returncode, 4)
        self.assertEqual(self.replay(capture, "--config", capture).returncode, 2)
        self.assertEqual(self.replay(capture, *rest, "--health", capture).returncode,
                         2 if "--health" in rest else 3)
        self.assertEqual(self.replay(capture, *rest, "--zone", "nowhere").returncode, 2)
        self.assertEqual(self.replay(capture, *rest, "-w", os.path.join(self.dir, "no", "x")).returncode, 4)
        self.assertEqual(self.replay(capture, *rest, "--engine", "magic").returncode, 2)
        for more in (["--diff", "-"], ["--health", "-"], ["--config-at", "5=-"]):
            result = self.replay("-", *rest, *more, input=good)
            self.assertEqual(result.returncode, 2)
            self.assertIn(b"only one input can be standard input", result.stderr)

    def test_an_input_is_never_overwritten(self):
        scenario = os.path.join(HERE, PLAIN)
        own = shutil.copy(os.path.join(scenario, "in.pcap"), self.dir)
        config = shutil.copy(os.path.join(scenario, "config.toml"), self.dir)
        link = os.path.join(self.dir, "link")
        os.symlink(own, link)
        for victim in (own, link, config):
            before = content(victim)
            done = self.replay(own, "--config", config, "-w", victim)
            self.assertEqual(done.returncode, 2)
            self.assertIn(b"is an input: it would be lost", done.stderr)
            self.assertEqual(content(victim), before)

    def test_every_reason_of_the_core_is_in_the_manual_page_and_no_other(self):
        root = os.path.dirname(os.path.dirname(HERE))
        header = content(os.path.join(root, "lib", "l4", "l4_reasons.h")).decode()
        table = re.search(r"#define NLB_L4_REASONS\(X\)(.*?)\n\n", header, re.S)[1]
        reasons = re.findall(r'X\(\w+, (\w+), "([\w-]+)",\s*(?:\\\s*)?"([^"]+)"\)', table)
        page = content(os.path.join(root, "man", "nlb-forward.8")).decode()
        section = re.search(r"^\.Ss Reasons of a verdict$(.*?)^\.S[sh] ", page, re.S | re.M)[1]
        rows = re.findall(r"^\.It ([\w-]+) Pq (\w+)\n(.+)$", section, re.M)
        self.assertGreater(len(reasons), 20)
        self.assertEqual([(text, action.lower(), sentence) for action, text, sentence in reasons],
                         rows)

    def test_every_question_of_the_core_is_in_the_manual_page_and_no_other(self):
        root = os.path.dirname(os.path.dirname(HERE))
        header = content(os.path.join(root, "lib", "l4", "l4_reasons.h")).decode()
        table = re.search(r"#define NLB_L4_QUESTIONS\(X\)(.*?)\n\n", header, re.S)[1]
        questions = re.findall(r'X\(\w+, \w+, "([\w-]+)",\s*(?:\\\s*)?"([^"]+)"\)', table)
        page = content(os.path.join(root, "man", "nlb-forward.8")).decode()
        section = re.search(r"^\.Ss Questions of a decision$(.*?)^\.El", page, re.S | re.M)[1]
        self.assertGreater(len(questions), 10)
        self.assertEqual(re.findall(r"^\.It ([\w-]+)\n(.+)$", section, re.M), questions)


if __name__ == "__main__":
    nlbtest.main()
