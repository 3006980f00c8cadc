#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nlb-policy explain and doctor, asked of a running balancer; weights from file to ring."""

import json
import signal

import nlbtest
from policy import API, POLICY, WEB, DaemonTestCase, configuration, health


class Explain(DaemonTestCase):
    def setUp(self):
        super().setUp()
        self.process = self.serve()
        self.checker = self.client(role="health", node="n1")
        self.web, self.api = (b["scope"] for b, _, _ in self.checker.next_sets())
        for target in ("10.0.1.1", "10.0.2.1"):
            self.checker.send(health(self.web, target + ":8080", "healthy"))
        self.checker.send(health(self.web, "10.0.1.2:8080", "unhealthy",
                                 reason="Target.FailedHealthChecks",
                                 description="Health checks failed: refused"))
        self.process.err.wait_for(lambda line: "'10.0.1.2:8080'" in line and "-> unhealthy" in line)

    def explain(self, *words):
        return self.run_tool(POLICY, "explain", *words)

    def test_a_target_is_explained(self):
        status, out, err = self.explain("--target", "10.0.1.2")
        self.assertEqual((status, err), (1, ""))  # it takes no flows
        self.assertIn("is unhealthy (Target.FailedHealthChecks): Health checks failed: refused", out)
        self.assertIn("checked by n1: unhealthy", out)
        self.assertIn("node of zone a: takes no flows, unhealthy: its checks fail", out)
        self.assertIn("node of zone b: takes no flows, other-zone", out)
        self.assertEqual(self.explain("--target", "10.0.1.1:8080", "--group", "web")[0], 0)
        status, out, _ = self.explain("--target", "10.0.1.1:8080", "--group", "api")
        self.assertEqual(status, 1)
        self.assertIn("Target.NotRegistered", out)

    def test_a_request_is_explained(self):
        status, out, err = self.explain("--client", "192.0.2.7:40000", "--listener", "127.0.1.1:80",
                                        "--sequence", "12345")
        self.assertEqual((status, err), (0, ""))
        self.assertIn("-> target '10.0.1.1:8080' at 10.0.1.1:8080", out)
        self.assertIn("no nlb-forward has told that it listens there", out)
        status, out, _ = self.explain("--client", "192.0.2.7:40000", "--listener", "127.0.2.1:81")
        self.assertEqual(status, 1)  # the api group has no target in zone b
        self.assertIn("no target takes flows of this node", out)
        self.assertIn("'10.0.1.9:8080': other-zone: it is in another zone", out)
        status, out, _ = self.explain("--client", "192.0.2.7", "--listener", "127.0.1.1:82")
        self.assertEqual(status, 1)
        self.assertIn("no listener is at 127.0.1.1:82", out)
        status, out, _ = self.explain("--client", "2001:db8::1", "--listener", "127.0.1.1:80")
        self.assertIn("the IP versions differ", out)

    def test_without_a_sequence_number_the_shares_are_certain(self):
        self.checker.send(health(self.web, "10.0.1.2:8080", "healthy"))
        self.process.err.wait_for(lambda line: "'10.0.1.2:8080'" in line and "-> healthy" in line)
        status, out, err = self.explain("--client", "192.0.2.7:40000", "--listener", "127.0.1.1:80")
        self.assertEqual((status, err), (0, ""))
        self.assertIn("2 targets take flows", out)
        self.assertIn("without the sequence number each of them may be chosen", out)
        chosen = [line.split() for line in out.splitlines() if "-> target" in line]
        self.assertEqual([words[2] for words in chosen], ["'10.0.1.1:8080'", "'10.0.1.2:8080'"])
        shares = [float(words[5]) for words in chosen]
        self.assertAlmostEqual(sum(shares), 100, delta=0.2)
        self.assertAlmostEqual(shares[0], 50, delta=1)
        out = self.explain("--client", "192.0.2.7", "--listener", "127.0.1.1:80")[1]
        self.assertIn("without the client's port and the sequence number", out)
        out = self.explain("--client", "192.0.2.7:40000", "--listener", "127.0.1.1:80",
                           "--sequence", "0")[1]
        self.assertEqual(out.count("-> target"), 1)

    def test_wrong_questions_are_refused_in_a_line(self):
        for words in ((), ("--target", "x", "--client", "192.0.2.1"), ("--client", "192.0.2.1"),
                      ("--client", "nobody", "--listener", "127.0.1.1:80"),
                      ("--client", "192.0.2.1", "--listener", "127.0.1.1"),
                      ("--client", "192.0.2.1", "--listener", "listener/net/x/1/2")):
            status, out, err = self.explain(*words)
            self.assertEqual((status, out, len(err.splitlines())), (2, "", 1), words)
        self.process.signal(signal.SIGTERM)
        self.process.wait()
        self.assertEqual(self.explain("--target", "10.0.1.1")[0], 4)

    def test_doctor_finds_what_applies(self):
        forwarder = self.client(role="forward", node="n9")
        listener = next(m for _, lines, _ in forwarder.next_sets() for m in lines
                        if m["type"] == "listener")["listener"]
        forwarder.send({"type": "listener-state", "listener": listener, "zone": "a", "bound": False,
                        "error_number": 99, "error": "Cannot assign requested address"})
        self.process.err.wait_for(lambda line: "not bound" in line)
        counted = [{"name": "PortAllocationErrorCount", "value": 4, "listener": listener, "zone": "a"},
                   {"name": "Packet.hairpin", "value": 3}, {"name": "Packet.flow-collision", "value": 2},
                   {"name": "Packet.flow-expired", "value": 5}, {"name": "Packet.new-flow", "value": 50}]
        counters = self.write("counters.ndjson", "".join(
            json.dumps({"type": "counter", **one}) + "\n" for one in counted))
        status, out, err = self.run_tool(POLICY, "doctor", "--json", "--counters", counters)
        self.assertEqual((status, err), (0, ""))
        found = {(m["entry"], m["about"]): m["evidence"] for m in map(json.loads, out.splitlines())}
        self.assertIn("refused", found["target-not-in-service", f"{self.web} 10.0.1.2:8080"])
        self.assertIn("generation", found["requests-not-routed", "test of node n9"])
        self.assertIn("no target takes flows",
                      found["requests-not-routed", f"{self.api} in zone b"])
        self.assertIn("fail-open", found["unhealthy-targets-receive-requests",
                                         f"{self.api} in zone a"])
        self.assertIn("Cannot assign", found["failed-provisioning", f"{listener} in zone a"])
        self.assertIn("4 connections", found["port-allocation-errors", "PortAllocationErrorCount"])
        self.assertIn("reset", found["elb-resets", f"{self.web} 10.0.1.2:8080"])
        self.assertIn("3 packets", found["hairpin", "Packet.hairpin"])
        self.assertIn("2 packets", found["socket-reuse", "Packet.flow-collision"])
        self.assertIn("5 packets", found["elb-resets", "Packet.flow-expired"])
        self.assertIn("50 flows", found["asymmetric-path", "Packet.reply"])
        self.assertNotIn("security-group", {entry for entry, _ in found})  # it was refused
        self.assertTrue(any(entry == "advice" for entry, _ in found))  # zone b has no api target
        table = self.run_tool(POLICY, "doctor")[1].splitlines()
        self.assertEqual(table[0].split("\t"), ["ENTRY", "ABOUT", "EVIDENCE"])
        self.assertEqual(self.run_tool(POLICY, "doctor", "--counters", self.file)[0], 3)


class Weights(DaemonTestCase):
    def test_a_weight_is_a_share_of_the_flows(self):
        text = configuration(WEB, API)
        heavy = self.write("heavy.toml", text.replace('id = "10.0.1.2"', 'id = "10.0.1.2"\nweight = 3'))
        status, out, _ = self.run_tool(POLICY, "plan", "--json", self.file, heavy)
        self.assertEqual(status, 0)
        moved = {(m["group"].split("/")[1], m["zone"]): m["moved_percent"]
                 for m in map(json.loads, out.splitlines())}
        self.assertGreater(moved["web", "a"], 24)
        self.assertLess(moved["web", "a"], 27)
        self.assertEqual(moved["api", "a"], 0)
        bad = self.write("bad.toml", text.replace('id = "10.0.1.2"', 'id = "10.0.1.2"\nweight = 0'))
        status, _, err = self.run_tool(POLICY, "check", bad)
        self.assertEqual(status, 2)
        self.assertIn("weight = '0'", err)


nlbtest.main()
