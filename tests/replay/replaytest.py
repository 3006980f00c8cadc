# SPDX-License-Identifier: Apache-2.0
"""What the tests of nlb-forward replay share: the scenarios beside this file and how to run them."""

import json
import os
import subprocess

import nlbtest

HERE = os.path.dirname(os.path.abspath(__file__))
SCENARIOS = sorted(name for name in os.listdir(HERE)
                   if os.path.exists(os.path.join(HERE, name, "in.pcap")))
IDLE, SNAT = "tcp-preserved-then-idle", "tcp-snat-three-targets"


def content(path):
    with open(path, "rb") as file:
        return file.read()


def lines_of(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


class TestCase(nlbtest.TestCase):
    def replay(self, *args, input=b""):
        result = subprocess.run([nlbtest.tool("nlb-forward"), "replay", *args], input=input,
                                capture_output=True, timeout=nlbtest.DEADLINE, check=False)
        self.assert_no_crash(result.returncode, result.stderr.decode("utf-8", "replace"))
        return result

    def arguments(self, scenario):
        folder = os.path.join(HERE, scenario)
        args = [os.path.join(folder, "in.pcap"), "--config", os.path.join(folder, "config.toml")]
        health = os.path.join(folder, "health.ndjson")
        return args + (["--health", health] if os.path.exists(health) else [])

    def good(self, *args, status=0, **keywords):
        result = self.replay(*args, **keywords)
        self.assertEqual(result.returncode, status, result.stderr)
        return result

    def refused(self, *args, status=2, words="", **keywords):
        """One line on standard error that says what is wrong; nothing on standard output."""
        result = self.replay(*args, **keywords)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertIn(words, result.stderr.decode())
        return result

    def later(self, scenario, change):
        text = content(os.path.join(HERE, scenario, "config.toml")).decode()
        changed = change(text)
        self.assertNotEqual(text, changed)
        return self.write("later.toml", changed)

    def earlier(self, scenario, *more):
        return self.write("earlier.ndjson", self.good(*self.arguments(scenario), *more).stdout)
