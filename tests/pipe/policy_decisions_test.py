#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a running nlb-policy decides: votes of checkers, zonal shifts, draining; and its state file."""

import json
import signal
import threading

import nlbtest
from policy import API, POLICY, WEB, DaemonTestCase, configuration, eligible, health


def rows(text):
    """The lines of a table as lists, without the header."""
    return [line.split("\t") for line in text.splitlines()[1:]]


class Plans(nlbtest.TestCase):
    def setUp(self):
        super().setUp()
        many = {f"10.0.1.{n}": "a" for n in range(1, 101)}
        self.old = self.write("old.toml", configuration(("web", 80, many), API))
        del many["10.0.1.42"]
        self.new = self.write("new.toml", configuration(("web", 80, many), API))

    def test_plan_says_how_many_flows_would_move(self):
        status, out, err = self.run_tool(POLICY, "plan", self.old, self.new)
        self.assertEqual((status, err), (0, ""))
        found = {(row[0].split("/")[1], row[1]): row[2:] for row in rows(out)}
        self.assertEqual(found["api", "a"], ["1 -> 1", "0.00", "0.00"])
        targets, moved, gone = found["web", "a"]
        self.assertEqual((targets, gone), ("100 -> 99", "1.00"))
        self.assertLessEqual(float(moved), 2.0)  # its own flows, and at most 1 % of the others
        self.assertEqual(found["web", "b"], ["0 -> 0", "0.00", "0.00"])
        status, out, _ = self.run_tool(POLICY, "plan", "--json", self.old, self.old)
        self.assertEqual({m["moved_percent"] for m in map(json.loads, out.splitlines())}, {0})

    def test_plan_takes_health_into_account(self):
        group = [row[0] for row in rows(self.run_tool(POLICY, "rings", self.old)[1])
                 if "/web/" in row[0]][0]
        lines = [health(group, f"10.0.1.{n}:8080", "healthy") for n in (1, 2)]
        lines.append(health(group, "10.0.1.3:8080", "unhealthy"))
        file = self.write("health.ndjson", "".join(json.dumps(line) + "\n" for line in lines))
        status, out, _ = self.run_tool(POLICY, "plan", "--health", file, self.old, self.new)
        found = [row[2:] for row in rows(out) if row[:2] == [group, "a"]]
        self.assertEqual((status, found), (0, [["2 -> 2", "0.00", "0.00"]]))
        self.assertEqual(self.run_tool(POLICY, "plan", "-", "-")[0], 2)
        status, _, err = self.run_tool(POLICY, "plan", self.old, "/no/such")
        self.assertEqual(status, 4)
        bad = self.write("bad.ndjson", "junk\n")
        self.assertEqual(self.run_tool(POLICY, "rings", "--health", bad, self.old)[0], 3)


class Decisions(DaemonTestCase):
    def test_rings_are_the_same_wherever_they_are_printed(self):
        process = self.serve()
        checker, forwarder = self.client(role="health"), self.client(role="forward")
        web, api = (b["scope"] for b, _, _ in checker.next_sets())
        forwarder.next_sets()
        for scope, target in ((web, "10.0.1.1"), (web, "10.0.1.2"), (web, "10.0.2.1"),
                              (api, "10.0.1.9")):
            checker.send(health(scope, target + ":8080", "healthy"))
        process.err.wait_for(lambda line: "'10.0.1.9:8080'" in line and "-> healthy" in line)
        status, running, _ = self.run_tool(POLICY, "rings")
        self.assertEqual(status, 0)
        self.assertEqual(running, self.run_tool(POLICY, "rings", self.file)[1])
        forward = self.start(nlbtest.tool("nlb-forward"), "run", "--input", "unix:policy",
                             "--datapath", "proxy")
        process.err.wait_for(lambda line: "'nlb-forward'" in line and "connected" in line)
        digest = next(row[4] for row in rows(running) if row[:2] == [web, "a"])
        self.assertRegex(digest, "^[0-9a-f]{16}$")
        process.err.wait_for(lambda line: "bound" in line)
        forward.signal(signal.SIGUSR1)
        forward.err.wait_for(lambda line: f"ring of sockets {web} a slots 4093 targets 2 "
                             f"digest {digest}" in line)

    def test_a_removed_target_drains_and_is_terminated_when_its_delay_ends(self):
        delay = """
[target_groups.attributes]
"deregistration_delay.timeout_seconds" = 1
"deregistration_delay.connection_termination.enabled" = true
"""
        self.write("nlb.toml", configuration(WEB) + delay)
        process = self.serve()
        checker, forwarder = self.client(role="health"), self.client(role="forward")
        checker.next_sets()
        forwarder.next_sets()
        self.write("nlb.toml", configuration(("web", 80, {"10.0.1.1": "a", "10.0.2.1": "b"})) + delay)
        process.signal(signal.SIGHUP)

        def about(changed):
            return [m for m in changed[0][1] if m.get("target") == "10.0.1.2:8080"]

        self.assertEqual([t["state"] for t in about(checker.next_sets())], ["draining"])
        for line in about(forwarder.next_sets()):
            self.assertEqual((line["eligible"], line["state"], line["state_reason"]),
                             (False, "draining", "Target.DeregistrationInProgress"))
            self.assertNotIn("terminated", line)
        for line in about(forwarder.next_sets()):  # the delay is over
            self.assertEqual((line["state"], line["state_reason"], line["terminated"]),
                             ("unused", "Target.NotRegistered", True))
        self.assertEqual(about(checker.next_sets()), [])

    def vote(self, client, scope, state, target="10.0.1.1:8080"):
        client.send(health(scope, target, state))

    def test_the_majority_of_the_checkers_decides(self):
        process = self.serve()
        forwarder = self.client(role="forward")
        web = forwarder.next_sets()[0][0]["scope"]
        checkers = [self.client(role="health", node=f"n{n}", instance=f"{n:016x}")
                    for n in range(3)]
        for checker in checkers:
            checker.next_sets()
        for checker in checkers[:2]:
            self.vote(checker, web, "healthy", "10.0.1.2:8080")
            self.vote(checker, web, "healthy")
        both = ["10.0.1.1:8080", "10.0.1.2:8080"]
        while eligible(lines := forwarder.next_sets()[0][1], "a") != both or any(
                m["reason"] == "fail-open" for m in lines if m["type"] == "route"):
            pass  # several lines may be one generation
        self.vote(checkers[2], web, "unhealthy")  # one of three
        self.vote(checkers[0], web, "unhealthy")  # two of three
        self.assertEqual(eligible(forwarder.next_sets()[0][1], "a"), ["10.0.1.2:8080"])
        self.assertEqual(process.popen.poll(), None)

    def test_a_silent_checker_leaves_the_quorum(self):
        self.write("nlb.toml", configuration(WEB) + """
[target_groups.health_check]
interval_seconds = 5
timeout_seconds = 2
interval_milliseconds = 100
timeout_milliseconds = 50
""")
        process = self.serve()
        forwarder = self.client(role="forward")
        web = forwarder.next_sets()[0][0]["scope"]
        one, two = (self.client(role="health", node=n) for n in ("n1", "n2"))
        self.vote(one, web, "unhealthy")
        self.vote(one, web, "healthy", "10.0.1.2:8080")
        process.err.wait_for(lambda line: "'10.0.1.2:8080'" in line and "-> healthy" in line)
        self.vote(two, web, "healthy")  # a tie: the old state stays, until n1 has been silent
        beats = threading.Event()
        self.addCleanup(beats.set)

        def beat():
            while not beats.wait(0.5):
                two.send({"type": "heartbeat"})

        threading.Thread(target=beat, daemon=True).start()
        process.err.wait_for(lambda line: "'10.0.1.1:8080': unhealthy" in line
                             and "-> healthy" in line)

    def test_an_observer_reads_decided_health(self):
        file = configuration(WEB, API).replace('id = "10.0.2.1"\nzone = "b"',
                                               'id = "10.0.2.1"\nzone = "c"')
        self.write("nlb.toml", file)
        self.serve()
        observer, checker = self.client(role="observer"), self.client(role="health", node="n1")
        web = checker.next_sets()[0][0]["scope"]

        def states(found):
            return [(m["target"], m["state"], m.get("description", "")) for m in found[0][1]]

        first = observer.next_sets()
        self.assertEqual({b["set"] for b, _, _ in first}, {"target-health"})
        self.assertEqual(states(first)[2][:2], ("10.0.2.1:8080", "unused"))
        self.assertIn("Availability Zone that is not enabled", states(first)[2][2])
        checker.send(health(web, "10.0.1.1:8080", "unhealthy", reason="Target.FailedHealthChecks",
                            description="Health checks failed: refused"))
        self.assertEqual(states(observer.next_sets())[0],
                         ("10.0.1.1:8080", "unhealthy", "Health checks failed: refused"))

    def test_evidence_reaches_the_checkers(self):
        self.serve()
        checkers = [self.client(role="health", node=f"n{n}") for n in range(2)]
        web = [checker.next_sets() for checker in checkers][0][0][0]["scope"]
        forwarder = self.client(role="forward")
        forwarder.next_sets()
        evidence = {"type": "target-evidence", "group": web, "target": "10.0.1.1:8080",
                    "zone": "a", "kind": "refused", "count": 3}
        forwarder.send(evidence)
        for checker in checkers:
            got = checker.lines.wait_for_message("target-evidence")
            got.pop("seq")
            self.assertEqual(got, evidence)

    def shift(self, *words):
        return self.run_tool(POLICY, "zonal-shift", *words)

    def test_a_zonal_shift_moves_traffic_and_survives_a_restart(self):
        process = self.serve()
        forwarder = self.client(role="forward")
        forwarder.next_sets()
        status, out, err = self.shift("start", "front", "--zone", "a", "--expires-in", "2h",
                                      "--comment", "power in hall 1", "--json")
        self.assertEqual((status, err), (0, ""))
        started = json.loads(out)
        self.assertEqual((started["zone"], started["comment"]), ("a", "power in hall 1"))
        self.assertEqual(started["expiry_ms"] - started["start_ms"], 2 * 60 * 60 * 1000)
        changed = forwarder.next_sets()
        self.assertEqual(eligible(changed[0][1], "a"), [])
        self.assertEqual({m["mode"] for m in changed[0][1] if m["type"] == "routing"},
                         {"zonal-shift", "fail-open"})
        process.signal(signal.SIGKILL)
        process.wait()
        self.serve()
        self.assertEqual(eligible(self.client(role="forward").next_sets()[0][1], "a"), [])
        status, out, _ = self.shift("update", "front", "--expires-in", "3d", "--comment", "longer")
        self.assertEqual(status, 0)
        self.assertIn("longer", out)
        self.assertEqual(len(self.shift("list")[1].splitlines()), 2)
        self.assertEqual(self.shift("cancel", "front")[0], 0)
        self.assertEqual(len(self.shift("list")[1].splitlines()), 1)
        self.assertEqual(eligible(self.client(role="forward").next_sets()[0][1], "a"),
                         ["10.0.1.1:8080", "10.0.1.2:8080"])

    def test_what_a_zonal_shift_may_not_be_is_refused(self):
        process = self.serve()
        start = ("start", "front", "--zone", "a", "--expires-in", "1m", "--comment", "x")

        def refused(words, why):
            status, out, err = self.shift(*words)
            self.assertEqual((status, out), (2, ""), words)
            self.assertIn(why, err)
            self.assertEqual(len(err.splitlines()), 1)

        refused(("start", "back", *start[2:]), "no load balancer is called 'back'")
        refused((*start[:3], "c", *start[4:]), "has no zone 'c'")
        refused((*start[:5], "59s", *start[6:]), "1 minute to 72 hours")
        refused((*start[:5], "73h", *start[6:]), "1 minute to 72 hours")
        refused((*start[:5], "soon", *start[6:]), "must be a number and s, m, h or d")
        refused(start[:4], "start needs --expires-in and --comment")
        refused(("cancel", "front"), "no zonal shift of load balancer 'front' is active")
        refused(("update", "front", "--comment", "y"), "no zonal shift")
        self.assertEqual(self.shift(*start)[0], 0)
        refused(start, "shifted away from already")
        with open(self.file, encoding="utf-8") as file:
            text = file.read()
        crossing = text.replace('scheme = "internal"', """scheme = "internal"
attributes = { "load_balancing.cross_zone.enabled" = true }""")
        self.write("nlb.toml", crossing)
        process.signal(signal.SIGHUP)
        process.err.wait_for(lambda line: "cross-zone load balancing is on" in line
                             and "cancel it first" in line)
        self.assertEqual(self.shift("cancel", "front")[0], 0)
        process.signal(signal.SIGHUP)
        process.err.wait_for(lambda line: "configuration reloaded" in line)
        refused(start, "cross-zone load balancing is on for target group 'web'")
        process.signal(signal.SIGTERM)
        process.wait()
        self.assertEqual(self.shift("list")[0], 4)

    def test_an_instance_that_stops_is_unused(self):
        def described(state):
            return """
[[load_balancers]]
name = "front"
scheme = "internal"
zones = [{ name = "a", address = "127.0.1.1" }]
listeners = [{ protocol = "TCP", port = 80, target_group = "vm" }]
[[target_groups]]
name = "vm"
protocol = "TCP"
port = 8080
targets = [{ id = "i-1" }, { id = "i-2" }]
[inventory.instances]
i-1 = { address = "10.0.0.1", zone = "a", state = "%s" }
i-2 = { address = "10.0.0.2", zone = "a" }
""" % state

        self.write("nlb.toml", described("running"))
        process = self.serve()
        checker, forwarder = self.client(role="health"), self.client(role="forward")
        self.assertNotIn("state", checker.next_sets()[0][1][1])
        self.assertEqual(eligible(forwarder.next_sets()[0][1], "a"), ["i-1:8080", "i-2:8080"])
        self.write("nlb.toml", described("stopped"))
        process.signal(signal.SIGHUP)
        unused = checker.next_sets()[0][1][1]
        self.assertEqual((unused["state"], unused["reason"], unused["description"]),
                         ("unused", "Target.InvalidState", "Target is in the stopped state"))
        self.assertEqual(eligible(forwarder.next_sets()[0][1], "a"), ["i-2:8080"])

    def test_draining_targets_outlive_the_process(self):
        process = self.serve()
        forwarder = self.client(role="forward")
        forwarder.next_sets()
        self.write("nlb.toml", configuration(("web", 80, {"10.0.1.1": "a", "10.0.2.1": "b"}), API))
        process.signal(signal.SIGHUP)
        forwarder.next_sets()
        process.signal(signal.SIGKILL)
        process.wait()
        self.serve()
        lines = self.client(role="forward").next_sets()[0][1]
        self.assertEqual({m["state"] for m in lines if m.get("target") == "10.0.1.2:8080"},
                         {"draining"})

    def test_a_damaged_state_file_is_told_and_used_as_far_as_it_goes(self):
        self.write("policy.state", b"\x00junk\n{}\n" + json.dumps(
            {"type": "zonal-shift", "load_balancer": "net/gone/0123456789abcdef", "zone": "a",
             "start_ms": 1, "expiry_ms": 2, "comment": ""}).encode() + b"\n")
        process = self.start(POLICY, "run", self.file)
        process.err.wait_for(lambda line: "2 lines could not be used" in line)
        process.err.wait_for(lambda line: "serving" in line)
        self.assertEqual(self.shift("list")[0], 0)


nlbtest.main()
