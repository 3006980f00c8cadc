#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nlb-policy targets, routes and run as whole processes."""

import json
import os
import signal
import socket

import nlbtest
from policy import (API, POLICY, WEB, DaemonTestCase, configuration, eligible, health, messages,
                    sets)


class Commands(nlbtest.TestCase):
    def setUp(self):
        super().setUp()
        self.file = self.write("nlb.toml", configuration(WEB, API))

    def routes(self, *arguments, **options):
        return self.run_tool(POLICY, "routes", self.file, *arguments, **options)

    def scopes(self):
        found, _ = sets(messages(self.routes()[1]))
        return {m["listener"]: m["group"] for _, lines, _ in found for m in lines
                if m["type"] == "listener"}, [begin["scope"] for begin, _, _ in found]

    def test_targets_prints_one_set_for_each_group_and_ends(self):
        status, out, err = self.run_tool(POLICY, "targets", self.file)
        self.assertEqual((status, err), (0, ""))
        found, outside = sets(messages(out))
        self.assertEqual([m["type"] for m in outside], ["hello"])
        self.assertEqual([len(lines) for _, lines, _ in found], [4, 2])
        self.assertEqual([end.get("more", False) for _, _, end in found], [True, False])
        web = found[0][1]
        self.assertEqual(web[0]["check_protocol"], "TCP")
        self.assertEqual(web[0]["check_interval_ms"], 30000)
        self.assertEqual([(t["target"], t["zone"]) for t in web[1:]],
                         [("10.0.1.1:8080", "a"), ("10.0.1.2:8080", "a"), ("10.0.2.1:8080", "b")])

    def test_routes_without_health_fail_open_and_end(self):
        status, out, err = self.routes()
        self.assertEqual((status, err), (0, ""))
        found, _ = sets(messages(out))
        self.assertEqual(len(found), 2)
        begin, lines, end = found[0]
        self.assertEqual((begin["set"], begin["generation"]), ("route-set", 1))
        self.assertEqual(end["count"], len(lines))
        self.assertEqual([m["type"] for m in lines[:3]], ["listener", "listener", "routing"])
        self.assertEqual({m["mode"] for m in lines if m["type"] == "routing"}, {"fail-open"})
        self.assertEqual(eligible(lines, "b"), ["10.0.2.1:8080"])

    def test_streaming_health_prints_only_the_changed_group(self):
        _, (web, api) = self.scopes()
        process = self.start(POLICY, "routes", self.file, "--health", "-")
        for scope in (web, api):
            process.out.wait_for_message("set-end", scope=scope, generation=1)
        process.send(health(web, "10.0.1.2:8080", "healthy"))
        process.out.wait_for_message("set-begin", scope=web, generation=2)
        process.out.wait_for_message("set-end", scope=web, generation=2)
        process.send(health(web, "10.0.1.2:8080", "healthy"))  # nothing new
        process.send(health(api, "10.0.1.9:8080", "unhealthy", reason="Target.FailedHealthChecks"))
        process.close_stdin()
        found, outside = sets(messages("\n".join(process.out.rest())))
        self.assertEqual([(b["scope"], b["generation"]) for b, _, _ in found], [(api, 3)])
        self.assertEqual(outside, [])
        self.assertEqual(process.wait(), 0)

    def test_a_health_set_applies_whole(self):
        _, (web, _) = self.scopes()
        lines = [{"type": "set-begin", "set": "target-health", "scope": web, "generation": 1},
                 health(web, "10.0.1.1:8080", "healthy"), health(web, "10.0.2.1:8080", "healthy"),
                 {"type": "set-end", "set": "target-health", "scope": web, "generation": 1,
                  "count": 2}]
        path = self.write("health.ndjson", "".join(json.dumps(m) + "\n" for m in lines))
        status, out, _ = self.routes("--health", path)
        self.assertEqual(status, 0)
        found, _ = sets(messages(out))
        self.assertEqual(len(found), 3)
        self.assertEqual(eligible(found[2][1], "a"), ["10.0.1.1:8080"])
        lines[3]["count"] = 3  # a line was lost
        path = self.write("health.ndjson", "".join(json.dumps(m) + "\n" for m in lines))
        status, out, err = self.routes("--health", path)
        self.assertEqual(status, 3)
        self.assertEqual(len(sets(messages(out))[0]), 2)
        self.assertIn("2 lines came instead of 3", err)

    def test_bad_health_is_counted_and_the_rest_is_used(self):
        _, (web, _) = self.scopes()
        good = json.dumps(health(web, "10.0.1.1:8080", "healthy")).encode()
        bad = b"\x00\xff\x17" * 1000 + b"\n" + b"x" * 200_000 + b"\n{}\n"
        status, out, err = self.routes("--health", "-", input=bad + good)
        self.assert_no_crash(status, err)
        self.assertEqual(status, 3)
        self.assertIn("3 lines or sets", err)
        self.assertEqual(len(sets(messages(out))[0]), 3)
        status, out, err = self.routes("--health", "-", input=os.urandom(1 << 20))
        self.assert_no_crash(status, err)
        self.assertEqual(status, 3)
        self.assertLess(len(err.splitlines()), 40)

    def test_a_reader_that_leaves_ends_routes(self):
        _, (web, _) = self.scopes()
        reader, writer = os.pipe()
        process = self.start(POLICY, "routes", self.file, "--health", "-", stdout=writer)
        os.close(writer)
        os.read(reader, 1)
        os.close(reader)
        try:
            for n in range(100_000):
                state = "healthy" if n % 2 else "unhealthy"
                process.send(health(web, "10.0.1.1:8080", state))
        except BrokenPipeError:
            pass
        self.assertEqual(process.wait(), -signal.SIGPIPE)

    def test_what_is_wrong_has_the_status_of_its_kind(self):
        broken = self.write("broken.toml", "[[load_balancers]]\nname = 'internal-x'\nnmae = 1\n")
        for command in ("targets", "routes", "run"):
            status, out, err = self.run_tool(POLICY, command, broken)
            self.assertEqual((status, out), (2, ""), command)
            self.assertIn("broken.toml:3:", err)
            self.assertRegex(err, r"has \d+ problem")
            missing = os.path.join(self.dir, "missing.toml")
            self.assertEqual(self.run_tool(POLICY, command, missing)[0], 4, command)
            self.assertEqual(self.run_tool(POLICY, command)[0], 2, command)
        self.assertEqual(self.routes("--health", os.path.join(self.dir, "missing"))[0], 4)
        self.assertEqual(self.run_tool(POLICY, "routes", "-", "--health", "-")[0], 2)
        self.assertEqual(self.run_tool(POLICY, "run", self.file, "--listen", "tcp:80")[0], 2)


class Daemon(DaemonTestCase):
    def test_each_role_gets_its_sets(self):
        self.serve()
        checker = self.client(role="health").next_sets()
        forwarder = self.client(role="forward").next_sets()
        self.assertEqual({b["set"] for b, _, _ in checker}, {"target-set"})
        self.assertEqual({b["set"] for b, _, _ in forwarder}, {"route-set"})
        self.assertEqual(len(checker), 2)
        self.assertEqual([b["scope"] for b, _, _ in checker],
                         [b["scope"] for b, _, _ in forwarder])

    def test_health_becomes_routes_of_the_changed_group(self):
        process = self.serve()
        checker, forwarder = self.client(role="health"), self.client(role="forward", node="n1")
        web = checker.next_sets()[0][0]["scope"]
        forwarder.next_sets()
        checker.send(health(web, "10.0.1.1:8080", "healthy"))
        changed = forwarder.next_sets()
        self.assertEqual([(b["scope"], b["generation"]) for b, _, _ in changed], [(web, 2)])
        self.assertEqual(eligible(changed[0][1], "a"), ["10.0.1.1:8080"])
        process.err.wait_for(lambda line: "'10.0.1.1:8080': initial" in line
                             and "-> healthy" in line)
        process.err.wait_for(lambda line: "zone 'a': routing fail-open -> healthy" in line)
        forwarder.send({"type": "snapshot-request", "why": "test"})
        self.assertEqual([b["generation"] for b, _, _ in forwarder.next_sets()], [2, 2])

    def test_health_outlives_its_reporter(self):
        process = self.serve()
        checker, forwarder = self.client(role="health"), self.client(role="forward")
        web = checker.next_sets()[0][0]["scope"]
        forwarder.next_sets()
        checker.send(health(web, "10.0.1.1:8080", "healthy"))
        forwarder.next_sets()
        checker.socket.shutdown(socket.SHUT_RDWR)
        process.err.wait_for(lambda line: "disconnected" in line)
        again = self.client(role="health", instance="00000000000000dd")
        again.next_sets()
        again.send(health(web, "10.0.1.1:8080", "initial", reason="Elb.InitialHealthChecking"))
        again.send(health(web, "10.0.1.2:8080", "healthy"))
        self.assertEqual(eligible(forwarder.next_sets()[0][1], "a"),
                         ["10.0.1.1:8080", "10.0.1.2:8080"])

    def test_reload_pushes_what_changed_and_keeps_a_good_configuration(self):
        process = self.serve()
        checker, forwarder = self.client(role="health"), self.client(role="forward")
        web, api = (b["scope"] for b, _, _ in checker.next_sets())
        forwarder.next_sets()
        self.write("nlb.toml", "this is = = no toml\n")
        process.signal(signal.SIGHUP)
        process.err.wait_for(lambda line: "the configuration in use stays" in line)
        self.write("nlb.toml", configuration(("web", 80, {"10.0.1.1": "a"})))
        process.signal(signal.SIGHUP)
        process.err.wait_for(lambda line: "configuration reloaded: generation 2" in line)
        for client, kind in ((checker, "target"), (forwarder, "route")):
            changed = client.next_sets()
            self.assertEqual([b["scope"] for b, _, _ in changed], [web, api])
            named = {m["target"] for m in changed[0][1] if m["type"] == kind
                     and m.get("state") != "draining"}
            self.assertEqual(named, {"10.0.1.1:8080"})
            self.assertEqual(changed[1][1], [])  # the group is no longer in use
        self.assertIsNone(process.popen.poll())

    def test_reload_refuses_what_a_running_balancer_cannot_become(self):
        process = self.serve()
        with open(self.file, encoding="utf-8") as file:
            text = file.read()
        self.write("nlb.toml", text.replace("127.0.2.1", "127.0.2.9"))
        process.signal(signal.SIGHUP)
        process.err.wait_for(lambda line: "keeps its address 127.0.2.1, not 127.0.2.9" in line)
        process.err.wait_for(lambda line: "the configuration in use stays" in line)
        self.assertIsNone(process.popen.poll())

    def test_bad_lines_warn_and_the_connection_stays(self):
        process = self.serve()
        client = self.client(role="forward")
        client.next_sets()
        client.send(b"no json", b"\x00\xff\xfe", b"x" * 200_000,
                    {"type": "target-health", "group": "g"}, {"type": "from-the-future"},
                    {"type": "snapshot-request"})
        self.assertEqual(len(client.next_sets()), 2)
        for number in (2, 3, 4, 5):
            process.err.wait_for(lambda line, n=number: "warning" in line and f"line {n}" in line)
        client.send(*[b"junk"] * 1000, {"type": "snapshot-request"})
        client.next_sets()
        client.socket.shutdown(socket.SHUT_WR)
        last = process.err.wait_for(lambda line: "disconnected" in line)
        self.assertIn("1004 complaints", last)

    def test_lost_lines_are_asked_for_again(self):
        self.serve()
        client = self.client(role="health", seq=1)
        web = client.next_sets()[0][0]["scope"]
        client.send({**health(web, "10.0.1.1:8080", "healthy"), "seq": 5})
        request = client.lines.wait_for_message("snapshot-request")
        self.assertIn("number 2 was expected, 5 came", request["why"])

    def test_a_client_that_does_not_read_delays_nobody(self):
        many = {f"10.0.1.{n}": "a" for n in range(1, 41)}
        self.write("nlb.toml", configuration(("web", 80, many)))
        process = self.serve()
        stuck = socket.socket(socket.AF_UNIX)  # nobody ever reads from it
        self.addCleanup(stuck.close)
        stuck.connect(self.socket)
        stuck.sendall(json.dumps({"type": "hello", "contract": 1, "tool": "stuck", "role": "forward",
                                  "instance": "00000000000000ff"}).encode() + b"\n")
        checker, forwarder = self.client(role="health"), self.client(role="forward")
        web = checker.next_sets()[0][0]["scope"]
        forwarder.next_sets()
        for n in range(60):
            state = "healthy" if n % 2 == 0 else "unhealthy"
            checker.send(health(web, "10.0.1.1:8080", state))
            self.assertEqual(forwarder.next_sets()[0][0]["generation"], n + 2)
        process.signal(signal.SIGUSR1)
        process.err.wait_for(lambda line: "'stuck'" in line and "does not read" in line)

    def test_listener_states_are_logged_when_they_change(self):
        process = self.serve()
        client = self.client(role="forward", node="n1")
        listener = next(m for _, lines, _ in client.next_sets() for m in lines
                        if m["type"] == "listener")["listener"]
        failed = {"type": "listener-state", "listener": listener, "zone": "a", "bound": False,
                  "error_number": 98, "error": "Address already in use"}
        client.send(failed, failed, {"type": "listener-state", "listener": listener, "zone": "a",
                                     "bound": True})
        process.err.wait_for(lambda line: "not bound ('Address already in use')" in line)
        change = process.err.next()
        self.assertIn("not bound ('Address already in use') -> bound", change)
        client.send({"type": "route-applied", "generation": 1, "threads": 2, "took_ns": 5000},
                    {"type": "snapshot-request"})
        client.next_sets()
        process.signal(signal.SIGUSR1)
        process.err.wait_for(lambda line: "generation 1, 2 groups in use, 1 clients" in line)
        self.assertIn("applied generation 1, 1 of 1 listeners bound", process.err.next())

    def test_evidence_of_flows_is_logged_and_changes_nothing(self):
        process = self.serve("-v")
        client = self.client(role="forward", node="n1")
        [_, lines, _] = client.next_sets()[0]
        group = lines[0]["group"]
        client.send({"type": "target-evidence", "group": group, "target": "10.0.1.1:8080",
                     "zone": "a", "kind": "refused", "count": 3})
        process.err.wait_for(lambda line: "debug: " in line and "'10.0.1.1:8080'" in line and
                             "3 flows refused" in line)

    def test_two_daemons_do_not_share_a_socket(self):
        self.serve()
        status, _, err = self.run_tool(POLICY, "run", self.file)
        self.assertEqual(status, 4)
        self.assertIn("another process holds its lock", err)
        self.assertEqual(len(self.client(role="health").next_sets()), 2)

    def test_a_killed_daemon_is_replaced(self):
        first = self.serve()
        first.signal(signal.SIGKILL)
        first.wait()
        self.assertTrue(os.path.exists(self.socket))
        self.serve()
        self.assertEqual(len(self.client(role="health").next_sets()), 2)

    def test_term_and_int_end_it_with_status_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            process = self.serve()
            process.signal(number)
            self.assertEqual(process.wait(), 0)
            self.assertFalse(os.path.exists(self.socket))

    def test_the_runtime_directory_is_made_and_the_socket_is_not_for_everybody(self):
        directory = os.path.join(self.dir, "run")
        self.serve(env={"NLB_RUNTIME_DIR": directory})
        path = os.path.join(directory, "policy.sock")
        self.assertEqual(os.stat(directory).st_mode & 0o777, 0o750)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o660)
        status, _, err = self.run_tool(POLICY, "run", self.file, "--listen", "unix:/no/such/x.sock")
        self.assertEqual(status, 4)
        self.assertIn("make the directory '/no/such'", err)

    def test_check_says_whether_the_file_is_good(self):
        self.assertEqual(self.run_tool(POLICY, "run", self.file, "--check")[0], 0)
        broken = self.write("broken.toml", "x = 1\n")
        self.assertEqual(self.run_tool(POLICY, "run", broken, "--check")[0], 2)
        self.assertFalse(os.path.exists(self.socket))


nlbtest.main()
