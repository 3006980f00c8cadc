# SPDX-License-Identifier: Apache-2.0
"""nlb-policy check and show as a person at a shell meets them."""

import json
import os
import re
import subprocess
import tempfile
import unittest

import nlbtest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DATA = os.path.join(ROOT, "tests", "data", "config")
SMALL = os.path.join(DATA, "small.toml")


def policy(*arguments, stdin=b""):
    done = subprocess.run([nlbtest.tool("nlb-policy"), *arguments], input=stdin,
                          capture_output=True, timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Check(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, content):
        path = os.path.join(self.folder.name, "nlb.toml")
        with open(path, "wb") as out:
            out.write(content)
        return path

    def test_advice_is_given_beside_errors(self):
        with open(SMALL, encoding="utf-8") as file:
            text = file.read()
        wrong = "[[target_groups]]\nname = '-'\nprotocol = 'TCP'\nport = 0\n"
        advised = ("[[target_groups]]\nname = 'hasty'\nprotocol = 'TCP'\nport = 80\n"
                   "attributes = { 'deregistration_delay.timeout_seconds' = 5 }\n")
        status, _, err = policy("check", self.file((text + wrong + advised).encode()))
        self.assertEqual(status, 2)
        self.assertIn("warning: target_groups", err)
        self.assertIn("at least 120 is advised", err)
        self.assertRegex(err, r"target_groups\[\d+\]\.port = '0'")

    def test_a_valid_file_gives_a_short_summary_unless_quiet(self):
        status, out, err = policy("check", SMALL)
        self.assertEqual((status, out), (0, ""))
        self.assertIn("valid; 1 load balancer, 1 listener, 1 target group, 2 targets", err)
        self.assertEqual(policy("check", "-q", SMALL), (0, "", ""))

    def test_standard_input(self):
        with open(SMALL, "rb") as text:
            status, _, err = policy("check", "-", stdin=text.read())
        self.assertEqual(status, 0)
        self.assertIn("<stdin>: valid", err)

    def test_every_problem_has_a_line_in_the_order_of_the_file(self):
        path = self.file(b"acount = '1'\n[[load_balancers]]\nname = 'a_b'\n")
        status, out, err = policy("check", path)
        self.assertEqual((status, out), (2, ""))
        lines = err.splitlines()
        self.assertEqual(lines[0], f"{path}:1:1: acount: unknown key; did you mean 'account'?")
        self.assertTrue(lines[1].startswith(f"{path}:2:1: load_balancers[0].zones: required"))
        self.assertTrue(lines[2].startswith(f"{path}:3:8: load_balancers[0].name = 'a_b': "))
        self.assertTrue(lines[3].endswith("3 problems"))

    def test_several_files_the_worst_status_counts(self):
        bad = self.file(b"x = 1\n")
        status, _, err = policy("check", SMALL, bad)
        self.assertEqual(status, 2)
        self.assertIn("small.toml: valid", err)
        self.assertIn(f"{bad}:1:1: x: unknown key", err)

    def test_advice_is_a_warning_and_no_refusal(self):
        with open(SMALL, "rb") as text:
            path = self.file(text.read() + b"attributes.deregistration_delay.timeout_seconds = 5\n")
        status, _, err = policy("check", path)
        self.assertEqual(status, 0)
        self.assertRegex(err, r":\d+:\d+: warning: target_groups\[0\]\.attributes\..* = '5': ")

    def test_files_that_cannot_be_read_are_status_4(self):
        for path in (os.path.join(self.folder.name, "absent"), self.folder.name):
            status, out, err = policy("check", path)
            self.assertEqual((status, out), (4, ""))
            self.assertIn(path, err)

    def test_files_that_are_no_configuration_are_status_2(self):
        for content, what in ((b"", "required: at least one"),
                              (bytes(range(256)) * 64, ":1:"),
                              (b"a = " + b"[" * 100000, "nest"),
                              (b"#" * 20_000_000, "longer than"),
                              (b"[[load_balancers]]\nname = \"w", ":2:")):
            status, out, err = policy("check", self.file(content))
            self.assertEqual((status, out), (2, ""), err)
            self.assertIn(what, err)
            self.assertTrue(err.isprintable() or "\n" in err)

    def test_a_near_miss_of_an_option_is_guessed(self):
        status, _, err = policy("show", "--jsn", SMALL)
        self.assertEqual(status, 2)
        self.assertIn("did you mean '--json'?", err)


class Show(unittest.TestCase):
    def test_what_is_shown_is_valid_and_shown_the_same(self):
        for name in ("small.toml", "rules.toml"):
            status, once, _ = policy("show", os.path.join(DATA, name))
            self.assertEqual(status, 0)
            self.assertEqual(policy("check", "-q", "-", stdin=once.encode()), (0, "", ""))
            self.assertEqual(policy("show", "-", stdin=once.encode())[1], once)

    def test_json_is_one_object_with_every_default(self):
        status, out, _ = policy("show", "--json", SMALL)
        self.assertEqual((status, out.count("\n")), (0, 1))
        shown = json.loads(out)
        group = shown["target_groups"][0]
        self.assertEqual(group["health_check"]["interval_seconds"], 30)
        self.assertEqual(group["attributes"]["deregistration_delay.timeout_seconds"], 300)
        self.assertEqual(group["targets"][0], {"id": "127.0.0.11", "port": 9000, "zone": "local-1a"})
        self.assertRegex(shown["load_balancers"][0]["id"], "^[0-9a-f]{16}$")

    def test_a_broken_file_shows_nothing(self):
        status, out, err = policy("show", "-", stdin=b"x = 1\n")
        self.assertEqual((status, out), (2, ""))
        self.assertIn(":1:1: x: unknown key", err)


class Manual(unittest.TestCase):
    def test_the_examples_of_the_page_are_valid(self):
        with open(os.path.join(ROOT, "man", "nlb.toml.5"), encoding="utf-8") as page:
            examples = re.findall(r"^\.Bd -literal\n(.*?)^\.Ed$", page.read(), re.M | re.S)
        self.assertGreaterEqual(len(examples), 2)
        for example in examples:
            text = example.replace("\\&", "").replace("\\-", "-").encode()
            status, _, err = policy("check", "-", stdin=text)
            self.assertEqual(status, 0, err + example)

    def test_the_page_names_every_key_that_show_prints(self):
        with open(os.path.join(ROOT, "man", "nlb.toml.5"), encoding="utf-8") as page:
            items = set(re.findall(r"^\.It Va (\S+)", page.read(), re.M))
        _, out, _ = policy("show", "--json", os.path.join(DATA, "rules.toml"))
        self.assertEqual(self.keys(json.loads(out)) - items, set())

    def keys(self, value, named=False):
        """Keys of tables; what stands below tags and in the inventory is named by the user."""
        if isinstance(value, list):
            return set().union(*map(self.keys, value)) if value else set()
        if not isinstance(value, dict):
            return set()
        found = set() if named else set(value)
        for key, inner in value.items():
            if key != "tags":
                by_user = key in ("instances", "subnets", "certificates", "albs")
                found |= self.keys(inner, by_user and isinstance(inner, dict))
        return found


if __name__ == "__main__":
    unittest.main()
