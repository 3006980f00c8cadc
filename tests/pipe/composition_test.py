# SPDX-License-Identifier: Apache-2.0
"""The same balancer put together three ways: a shell pipeline, sockets, systemd units.

Each time with real traffic over health-checked targets: one of three is dead from the start, and
one dies on the way.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import unittest

import balancer
import collect
import nlbtest

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS = os.path.join(TREE, "examples", "systemd")
NAMES = ("nlb-policy", "nlb-health", "nlb-forward")


def unit_values(name, key):
    with open(os.path.join(UNITS, name + ".service"), encoding="utf-8") as file:
        return re.findall(rf"^{key}=(.*)$", file.read(), re.M)


class CompositionTest(balancer.TestCase):
    def setUp(self):
        super().setUp()
        self.red = self.serve(nlbtest.say("red"), "local-1a")
        self.blue = self.serve(nlbtest.say("blue"), "local-1b")
        dead = self.serve(nlbtest.say("dead"), "local-1b")
        self.configure()
        dead.close()

    def check_traffic(self, wait_routed):
        """wait_routed(servers) returns when exactly these take traffic."""
        wait_routed(self.red, self.blue)
        seen = self.answers(64)
        self.assertEqual(set(seen), {"red", "blue"}, "the dead target got traffic, or a live one none")
        self.red.close()
        wait_routed(self.blue)
        self.assertEqual(self.answers(32), {"blue": 32})

    def test_one_shell_pipeline(self):
        routes, copy = os.pipe()
        line = ('nlb-policy targets "$0" | nlb-health run | nlb-policy routes "$0" --health - | '
                f'tee /dev/fd/{copy} | nlb-forward run')
        shell = subprocess.Popen(["bash", "-c", line, self.config], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, pass_fds=[copy], start_new_session=True,
                                 env=balancer.environment_of(self))
        self.addCleanup(shell.wait)
        self.addCleanup(os.killpg, shell.pid, signal.SIGKILL)
        os.close(copy)
        seen, answers = nlbtest.Lines(os.fdopen(routes, "rb")), nlbtest.Lines(shell.stdout)

        def wait_routed(*servers):
            generation = balancer.routed_generation(seen, {s.key for s in servers})
            balancer.wait_applied(answers, generation)

        self.check_traffic(wait_routed)

    def test_processes_over_unix_sockets(self):
        for name in NAMES:
            self.start_daemon(name)
        self.check_traffic(self.wait_routed)

    def test_processes_over_unix_sockets_in_the_opposite_order(self):
        for name in reversed(NAMES):
            self.start_daemon(name)
        self.check_traffic(self.wait_routed)

    def test_the_command_lines_of_the_systemd_units(self):
        for name in NAMES:
            [line] = unit_values(name, "ExecStart")
            program, *words = line.split()
            self.assertEqual(program, f"/usr/bin/{name}")
            self.assertIn("NLB_RUNTIME_DIR=/run/nlb", unit_values(name, "Environment"))
            self.start_daemon(name, words=[self.config if w == "/etc/nlb/nlb.toml" else w
                                             for w in words])
        self.check_traffic(self.wait_routed)

    def test_the_command_line_of_the_unit_that_collects_logs(self):
        [line] = unit_values("nlb-logs", "ExecStart")
        program, *words = line.split()
        self.assertEqual(program, "/usr/bin/nlb-logs")
        places = {"/etc/nlb/nlb.toml": self.config, "${LOGS_DIRECTORY}": self.dir + "/logs",
                  "${STATE_DIRECTORY}": self.dir}
        for name, place in places.items():
            words = [word.replace(name, place) for word in words]
        collector = self.start(nlbtest.tool("nlb-logs"), *words)
        _, answers = collect.Collect.sender(self, collector)
        self.assertEqual(json.loads(answers.readline())["type"], "hello")
        collector.signal(signal.SIGTERM)
        self.assertEqual(collector.wait(), 0)
        self.assertTrue(os.path.isdir(self.dir + "/spool"))

    def test_systemd_accepts_the_units(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("there is no systemd-analyze here")
        units = []
        for name in sorted(name[:-len(".service")] for name in os.listdir(UNITS)
                           if name.endswith(".service")):
            with open(os.path.join(UNITS, name + ".service"), encoding="utf-8") as file:
                text = file.read().replace("/usr/bin/nlb-", os.path.abspath(nlbtest.BIN) + "/nlb-")
            units.append(self.write(name + ".service", text))
        status, out, err = self.run_tool("systemd-analyze", "verify", "--man=no", *units)
        self.assertEqual((status, out, err), (0, "", ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
