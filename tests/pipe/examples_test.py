# SPDX-License-Identifier: Apache-2.0
"""Every example does what it says: quickstart, pipeline, the ten lines of README.md, the samples.

They use fixed ports; where this machine allows it, each gets a network of its own.
"""

import os
import re
import signal
import subprocess
import unittest

import balancer
import nlbtest

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = os.path.join(TREE, "examples")
DEADLINE = 4 * nlbtest.DEADLINE  # health changes take two checks of five seconds


def own_network():
    """Words in front of a command that give it a loopback of its own, if that is possible."""
    words = ["unshare", "--net", "--map-root-user", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    try:
        done = subprocess.run([*words, "true"], capture_output=True, timeout=30, check=False)
    except OSError:
        return []
    return words if done.returncode == 0 else []


class ExamplesTest(nlbtest.TestCase):
    def run_example(self, *words):
        """Runs it to its end; afterwards nothing of it may be left."""
        process = subprocess.Popen([*own_network(), *words], stdin=subprocess.DEVNULL, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=TREE,
                                   start_new_session=True, env=balancer.environment_of(self))
        try:
            out, _ = process.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, _ = process.communicate()
            self.fail(f"{words} did not end: {out}")
        return process.returncode, out

    def counts(self, text):
        return [dict((name, int(n)) for n, name in re.findall(r"^ +(\d+) (\S.*)$", part, re.M))
                for part in text.split("\n== ")]

    def check_quickstart_once(self):
        status, out = self.run_example(os.path.join(EXAMPLES, "quickstart"), "--once", "--bin",
                                       os.path.abspath(nlbtest.BIN))
        self.assertEqual(status, 0, out)
        before, after = [c for c in self.counts(out) if c]
        self.assertEqual(set(before), {"red", "green", "blue"}, out)
        self.assertEqual(set(after), {"green", "blue"}, out)
        self.assertEqual((sum(before.values()), sum(after.values())), (60, 60), out)
        self.assertIn("unhealthy", out)

    def test_quickstart_shows_the_balancer_and_can_be_run_again(self):
        self.check_quickstart_once()
        self.check_quickstart_once()

    def test_quickstart_runs_until_it_is_interrupted_and_leaves_nothing(self):
        process = self.start(*own_network(), os.path.join(EXAMPLES, "quickstart"), "--bin",
                             os.path.abspath(nlbtest.BIN), stdin=subprocess.DEVNULL,
                             preexec_fn=os.setsid, env={"TMPDIR": self.dir})
        process.out.wait_for(lambda line: "running until Ctrl-C" in line, DEADLINE)
        self.assertNotEqual(os.listdir(self.dir), [])
        os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(process.wait(), 130)
        process.out.rest()  # ends when the last process that holds it has ended
        self.assertEqual(os.listdir(self.dir), [])

    def test_quickstart_says_what_is_wrong(self):
        status, out = self.run_example(os.path.join(EXAMPLES, "quickstart"), "--bin", self.dir)
        self.assertEqual(status, 1)
        self.assertIn(f"no program {self.dir}/nlb-policy", out)
        status, out = self.run_example(os.path.join(EXAMPLES, "quickstart"), "--twice")
        self.assertEqual(status, 2)
        self.assertIn("unknown option '--twice'", out)

    def test_the_pipeline_balances(self):
        script = r"""
            set -m
            for target in red@127.77.1.11 green@127.77.1.12 blue@127.77.2.11; do
                "$1/demo-target" "${target%@*}" "${target#*@}" 17081 &
                # a target that misses its first check waits for the next one
                curl -sS --retry 60 --retry-delay 1 --retry-connrefused -o /dev/null \
                    "http://${target#*@}:17081/" || exit
            done
            "$1/pipeline" &
            curl -sS --retry 60 --retry-delay 1 --retry-all-errors http://127.77.1.1:17080/ || exit
            for i in $(seq 60); do curl -sS "http://127.77.$((i % 2 + 1)).1:17080/"; done | sort | uniq -c
            kill -- $(jobs -p | sed 's/^/-/')
            wait
            """
        status, out = self.run_example("bash", "-c", script, "bash", EXAMPLES)
        self.assertEqual(status, 0, out)
        [seen] = self.counts(out)
        self.assertEqual(set(seen), {"red", "green", "blue"}, out)
        self.assertEqual(sum(seen.values()), 60, out)

    def test_the_ten_lines_of_the_readme_balance(self):
        with open(os.path.join(TREE, "README.md"), encoding="utf-8") as file:
            [block] = re.findall(r"^```sh\n(.*?)^```$", file.read(), re.M | re.S)
        lines = block.splitlines()
        self.assertEqual(len(lines), 10)
        self.assertIn("$PWD/build/quickstart/bin", lines[0])
        block = block.replace("$PWD/build/quickstart/bin", os.path.abspath(nlbtest.BIN))
        status, out = self.run_example("bash", "-e", "-c", block)
        self.assertEqual(status, 0, out)
        self.assertRegex(out, r"(?m)^(red|green|blue)$")

    def test_the_samples_are_sound(self):
        for name in sorted(os.listdir(EXAMPLES)):
            if name.endswith(".toml"):
                status, _, err = self.run_tool(nlbtest.tool("nlb-policy"), "check",
                                               os.path.join(EXAMPLES, name))
                self.assertEqual(status, 0, f"{name}: {err}")

    def test_every_example_is_tried_here(self):
        known = {"client-ip", "demo-target", "nlb.toml", "pipeline", "quickstart", "systemd"}
        self.assertEqual(set(os.listdir(EXAMPLES)), known)

    def test_shell_scripts_are_sound_shell(self):
        scripts = [os.path.join(EXAMPLES, name) for name in ("client-ip", "quickstart", "pipeline")]
        scripts += [os.path.join(TREE, *path) for path in (
            ("tests", "run"), (".ci", "run"), ("tests", "support", "install-packages"))]
        for script in scripts:
            status, _, err = self.run_tool("bash", "-n", script)
            self.assertEqual((status, err), (0, ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
