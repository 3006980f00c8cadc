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
    def statuses(self):
        status, out, _ = self.run_tool(HEALTH, "status", "--json")
        return [json.loads(line) for line in out.splitlines()] if status == 0 else []

    def wait_states(self, states):
        """Until the checker says so of {server: state}."""
        wanted = {server.key: state for server, state in states.items()}
        deadline = time.monotonic() + nlbtest.DEADLINE
        while {line["target"]: line["state"] for line in self.statuses()} != wanted:
            self.assertLess(time.monotonic(), deadline)
            os.sched_yield()

    def wait_answered(self, count):
        """Until so many connections in a row are answered."""
        deadline = time.monotonic() + nlbtest.DEADLINE
        row = 0
        while row < count:
            self.assertLess(time.monotonic(), deadline)
            try:
                self.say()
                row += 1
            except OSError:  # reset before, while or after it sends
                row = 0

    def test_refused_flows_take_a_target_out_before_its_next_check(self):
        for zone in self.zones:
            self.serve(say(zone), zone)
        self.configure(check={"interval_seconds": 300})
        self.start_daemons()
        gone, left = self.servers
        self.wait_states({gone: "healthy", left: "healthy"})
        gone.close()
        self.wait_answered(40)  # the ring led about half of them to the one that is gone
        self.wait_states({gone: "unhealthy", left: "healthy"})
        [line] = [line for line in self.statuses() if line["target"] == gone.key]
        self.assertRegex(line["description"], "^Health checks failed: .* refused$")

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
        self.wait_states({gone: "unhealthy", left: "healthy"})
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
