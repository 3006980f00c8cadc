# SPDX-License-Identifier: Apache-2.0
"""What the tests of nlb-forward replay share: the scenarios beside this file and how to run them."""

import os
import subprocess

import nlbtest

HERE = os.path.dirname(os.path.abspath(__file__))
SCENARIOS = sorted(name for name in os.listdir(HERE)
                   if os.path.exists(os.path.join(HERE, name, "in.pcap")))


def content(path):
    with open(path, "rb") as file:
        return file.read()


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
