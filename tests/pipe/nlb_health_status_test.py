#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nlb-health status and watch beside a running nlb-health."""

import json
import os
import signal

import nlbtest
from nlb_health_test import GROUP, HEALTH, Base, group, target, target_set


class Status(Base):
    def run_health(self):
        self.alive = self.server()
        process = self.start(HEALTH, "run", "--node", "n1")
        process.send(*target_set(group(), target(self.alive.port, name="up:1"),
                                 {**target(self.alive.port, name="off:1"), "state": "unused"}))
        process.out.wait_for_message("target-health", target="up:1", state="healthy")
        return process

    def status(self, *args):
        status, out, err = self.run_tool(HEALTH, "status", "--node", "n1", *args)
        self.assertEqual((status, err), (0, ""))
        return out

    def test_table_lines_and_summary(self):
        self.run_health()
        rows = [line.split("\t") for line in self.status().splitlines()]
        self.assertEqual(rows[0], ["GROUP", "TARGET", "STATE", "REASON", "SINCE", "CHECKS",
                                   "DESCRIPTION"])
        self.assertEqual([row[1:4] for row in rows[1:]],
                         [["up:1", "healthy", "-"], ["off:1", "unused", "Target.NotInUse"]])
        lines = [json.loads(line) for line in self.status("--json").splitlines()]
        self.assertEqual([(line["type"], line["target"], line["state"]) for line in lines],
                         [("target-health", "up:1", "healthy"),
                          ("target-health", "off:1", "unused")])
        self.assertEqual(self.status("--summary").splitlines(), [
            "GROUP\tTOTAL\tINITIAL\tHEALTHY\tUNHEALTHY\tUNUSED\tDRAINING\tUNAVAILABLE"
            "\tUNHEALTHY.DRAINING",
            f"{GROUP}\t2\t0\t1\t0\t1\t0\t0\t0", "all\t2\t0\t1\t0\t1\t0\t0\t0"])
        totals = [json.loads(line) for line in self.status("--summary", "--json").splitlines()]
        self.assertEqual([(t.get("group"), t["total"], t["healthy"], t["unused"]) for t in totals],
                         [(GROUP, 2, 1, 1), (None, 2, 1, 1)])

    def test_watch(self):
        self.run_health()
        shown = self.start(HEALTH, "status", "--node", "n1", "--watch")
        shown.out.wait_for(lambda line: line.startswith(f"{GROUP}\toff:1"))
        self.alive.close()
        line = shown.out.wait_for(lambda line: "healthy -> unhealthy" in line)
        self.assertIn(f" {GROUP} up:1 healthy -> unhealthy Health checks failed: TCP ", line)

    def test_a_recording(self):
        process = self.run_health()
        file = self.write("health.ndjson", "".join(line + "\n" for line in process.out.seen).encode())
        status, out, err = self.run_tool(HEALTH, "status", "--input", file)
        self.assertEqual((status, err), (0, ""))
        self.assertIn("\tup:1\thealthy\t", out)
        empty = self.write("empty.ndjson", b"")
        status, _, err = self.run_tool(HEALTH, "status", "--input", empty)
        self.assertEqual(status, 3)
        self.assertIn("ended without a target-health set", err)

    def test_nobody_runs(self):
        status, _, err = self.run_tool(HEALTH, "status", "--node", "nobody")
        self.assertEqual(status, 4)
        self.assertIn("nlb-health-nobody.ctl", err)
        self.assertEqual(self.run_tool(HEALTH, "status", "--watch", "--input", "-")[0], 2)

    def test_exec_on_each_change_and_after_a_restart(self):
        process = self.run_health()
        fifo = os.path.join(self.dir, "changes")
        os.mkfifo(fifo)
        command = f'echo "$NLB_GROUP $NLB_TARGET $NLB_OLD_STATE $NLB_STATE $NLB_REASON" > {fifo}'
        watch = self.start(HEALTH, "watch", "--node", "n1", "--exec", command)
        watch.err.wait_for(lambda line: "watching" in line)

        def change():
            with open(fifo, encoding="ascii") as file:
                return file.read()

        # Only what comes after the first snapshot is a change, so it must be there.
        self.status()
        self.alive.close()
        self.assertEqual(change(),
                         f"{GROUP} up:1 healthy unhealthy Target.FailedHealthChecks\n")
        process.signal(signal.SIGKILL)
        process.wait()
        watch.err.wait_for(lambda line: "trying again" in line)
        self.run_health()
        seen = [change()]
        while not seen[-1].endswith(" healthy \n"):
            seen.append(change())
        self.assertTrue(seen[0].startswith(f"{GROUP} up:1 unhealthy "), seen)


if __name__ == "__main__":
    nlbtest.main()
