#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Health in a whole balancer: flows that take a target out, and a checker that is killed."""

import json
import os
import signal
import time

import balancer
import nlbtest
from nlbtest import say

HEALTH = nlbtest.tool("nlb-health")


class Health(balancer.TestCase):
    def test_refused_flows_take_a_target_out_before_its_next_check(self):
        for zone in self.zones:
            self.serve(say(zone), zone)
        self.configure(check={"interval_seconds": 300})
        self.start_daemons()
        gone, left = self.servers
        gone.close()
        for _ in range(100):  # the ring leads about half of them to the one that is gone
            try:
                self.say()
            except ConnectionError:
                pass
        self.wait_routed(left)
        status, out, err = self.run_tool(HEALTH, "status", "--json")
        self.assertEqual((status, err), (0, ""))
        lines = {line["target"]: line for line in map(json.loads, out.splitlines())}
        self.assertEqual(lines[gone.key]["state"], "unhealthy")
        self.assertRegex(lines[gone.key]["description"], "^Health checks failed: .* refused$")
        self.assertEqual(lines[left.key]["state"], "healthy")

    def test_a_checker_that_is_killed_and_started_again_changes_no_route(self):
        for zone in self.zones:
            self.serve(say(zone), zone)
        self.configure(check={"interval_milliseconds": 200, "timeout_milliseconds": 200})
        self.start_daemons()
        gone, left = self.servers
        gone.close()
        self.wait_routed(left)
        tap = self.taps["tap"]
        self.daemons["nlb-health"].signal(signal.SIGKILL)
        self.daemons["nlb-health"].wait()
        self.start_daemon("nlb-health")
        # Until the new one has found out for itself what the old one knew.
        deadline = time.monotonic() + nlbtest.DEADLINE
        while True:
            self.assertLess(time.monotonic(), deadline)
            status, out, _ = self.run_tool(HEALTH, "status", "--json")
            states = {line["target"]: line["state"] for line in map(json.loads, out.splitlines())}
            if status == 0 and states == {gone.key: "unhealthy", left.key: "healthy"}:
                break
            os.sched_yield()
        # And no route-set on the way there said anything else: the first change is the next one.
        again = self.serve(say(gone.zone), gone.zone)
        self.configure(check={"interval_milliseconds": 200, "timeout_milliseconds": 200})
        self.daemons["nlb-policy"].signal(signal.SIGHUP)
        eligible = set()
        while again.key not in eligible:
            message = json.loads(self.taps["tap"].received.next())
            if message["type"] == "set-begin":
                eligible = set()
            elif message["type"] == "route" and message["eligible"]:
                eligible.add(message["target"])
            elif message["type"] == "set-end":
                self.assertIn(left.key, eligible)
            self.assertNotIn(gone.key, eligible)


if __name__ == "__main__":
    nlbtest.main()
