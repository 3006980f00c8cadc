#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nlb-health against real small servers: run as a filter and on a socket, once as a command."""

import contextlib
import http.server
import json
import os
import resource
import signal
import socket
import threading

import nlbtest

HEALTH = nlbtest.tool("nlb-health")
GROUP = "targetgroup/g/0123456789abcdef"


def group(group_id=GROUP, **members):
    """A target-group line that checks fast."""
    return {"type": "target-group", "group": group_id, "check_protocol": "TCP",
            "check_timeout_ms": 5000, "check_interval_ms": 50, "healthy_threshold": 2,
            "unhealthy_threshold": 2, **members}


def target(port, address="127.0.0.1", name=None, group_id=GROUP):
    return {"type": "target", "group": group_id, "target": name or f"{address}:{port}",
            "address": address, "port": port}


def target_set(*lines, generation=1, group_id=GROUP):
    """set-begin, the lines, set-end; without digest, as a person would write it."""
    frame = {"set": "target-set", "scope": group_id, "generation": generation}
    return [{"type": "set-begin", **frame}, *lines,
            {"type": "set-end", **frame, "count": len(lines)}]


def ndjson(messages):
    return "".join(json.dumps(message) + "\n" for message in messages).encode()


def limit_descriptors(count):
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


def http_answer(code):
    return f"HTTP/1.1 {code} Whatever\r\nContent-Length: 0\r\n\r\n"


def read_request(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(4096)
        if not part:
            break
        data += part
    return data


def answer(text):
    """A server that reads a request and sends `text`."""

    def serve(connection):
        read_request(connection)
        connection.sendall(text if isinstance(text, bytes) else text.encode())

    return serve


class Base(nlbtest.TestCase):
    def server(self, serve=nlbtest.echo, **options):
        server = nlbtest.Server(serve, **options)
        self.addCleanup(server.close)
        return server

    def start_without_reader(self, *args):
        """Its standard output is a pipe that nobody reads any more."""
        reader, writer = os.pipe()
        process = self.start(HEALTH, *args, stdout=writer)
        os.close(writer)
        os.close(reader)
        return process

    def stall(self):
        """A server that accepts and never answers, until the test ends."""
        done = threading.Event()
        self.addCleanup(done.set)
        return self.server(lambda connection: done.wait(nlbtest.DEADLINE))

    def black_hole(self):
        """A port whose connects stay unanswered: a listener with a full backlog."""
        listener = socket.socket()
        self.addCleanup(listener.close)
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = socket.socket()
            self.addCleanup(filler.close)
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        return listener.getsockname()[1]


class Once(Base):
    def once(self, messages, *args):
        data = messages if isinstance(messages, bytes) else ndjson(messages)
        status, out, err = self.run_tool(HEALTH, "once", *args, input=data)
        self.assert_no_crash(status, err)
        return status, out, err

    def check(self, wanted_state, wanted_text, group_line, *targets):
        status, out, err = self.once(target_set(group_line, *targets), "--json")
        line = json.loads(out)
        self.assertEqual(line["state"], wanted_state, line)
        self.assertIn(wanted_text, line.get("description", ""))
        self.assertEqual(status, 0 if wanted_state == "healthy" else 1, err)
        return line

    def test_tcp_passes(self):
        line = self.check("healthy", "", group(), target(self.server().port))
        self.assertNotIn("reason", line)

    def test_tcp_refused(self):
        line = self.check("unhealthy", "Connection refused", group(), target(nlbtest.free_port()))
        self.assertEqual(line["reason"], "Target.FailedHealthChecks")
        self.assertTrue(line["description"].startswith("Health checks failed: TCP 127.0.0.1:"))

    def test_tcp_timeout(self):
        self.check("unhealthy", "no answer to connect within 100 ms", group(check_timeout_ms=100),
                   target(self.black_hole()))

    def test_ipv6(self):
        try:
            server = self.server(address="::1")
        except OSError:
            self.skipTest("no IPv6 on loopback")
        self.check("healthy", "", group(), target(server.port, "::1"))

    def test_check_port_overrides(self):
        self.check("healthy", "", group(check_port=self.server().port), target(1))

    def test_http_of_a_real_server(self):
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        http_group = group(check_protocol="HTTP", check_host="192.0.2.1:80")
        self.check("healthy", "", http_group, target(server.server_port))
        missing = {**http_group, "check_path": "/no-such-page"}
        self.check("unhealthy", "answered 404, 200-399 passes", missing, target(server.server_port))
        self.check("healthy", "", {**missing, "matcher": "200,404"}, target(server.server_port))

    def test_http_request_is_what_the_group_says(self):
        seen = []

        def serve(connection):
            seen.append(read_request(connection).decode())
            connection.sendall(http_answer(200).encode())

        self.check("healthy", "", group(check_protocol="HTTP", check_path="/up?x=1",
                                        check_host="192.0.2.7:8443"),
                   target(self.server(serve).port))
        self.assertTrue(seen[0].startswith("GET /up?x=1 HTTP/1.1\r\nHost: 192.0.2.7:8443\r\n"))

    def test_http_failures_are_named(self):
        rows = [
            (answer(http_answer(503)), "answered 503, 200-399 passes"),
            (answer(""), "connection closed, 0 bytes of a response came"),
            (answer("HTTP/1.1 200"), "connection closed, 12 bytes of a response came"),
            (answer("SSH-2.0-OpenSSH_9.2\r\n"), "no HTTP/1 response: byte 0: "),
            (answer(os.urandom(0) + b"\x00\xff" * 4000), "no HTTP/1 response: byte 0: "),
            (answer(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: aaaaaaaa\r\n" * 5000), "no HTTP/1 resp"),
        ]
        for serve, text in rows:
            with self.subTest(text):
                self.check("unhealthy", text, group(check_protocol="HTTP"),
                           target(self.server(serve).port))

    def test_http_reset(self):
        def serve(connection):
            read_request(connection)
            nlbtest.reset_on_close(connection)

        self.check("unhealthy", "connection reset", group(check_protocol="HTTP"),
                   target(self.server(serve).port))

    def test_http_stall(self):
        self.check("unhealthy", "no complete response within 100 ms, 0 bytes",
                   group(check_protocol="HTTP", check_timeout_ms=100), target(self.stall().port))

    def test_few_descriptors_are_enough(self):
        port = self.server().port
        lines = target_set(group(), *(target(port, name=f"t{i}:1") for i in range(200)))
        status, out, err = self.run_tool(HEALTH, "once", "--json", input=ndjson(lines),
                                         preexec_fn=lambda: limit_descriptors(40))
        self.assert_no_crash(status, err)
        states = [json.loads(line)["state"] for line in out.splitlines()]
        self.assertEqual(states, ["healthy"] * 200)

    def test_table_and_statuses(self):
        alive = self.server().port
        dead = nlbtest.free_port()
        self.assertEqual(self.once(b"")[0], 0)
        status, out, _ = self.once(target_set(group(), target(alive, name="up:1")))
        self.assertEqual((status, out.splitlines()[1].split("\t")[:3]), (0, [GROUP, "up:1",
                                                                             "healthy"]))
        file = self.write("set.ndjson", ndjson(target_set(group(), target(alive), target(dead))))
        status, out, _ = self.run_tool(HEALTH, "once", file)
        self.assertEqual(status, 1)
        self.assertEqual(out.splitlines()[0].split("\t"),
                         ["GROUP", "TARGET", "STATE", "REASON", "DESCRIPTION"])
        self.assertEqual(len(out.splitlines()), 3)

    def test_many_targets_at_once(self):
        alive = self.server().port
        lines = [target(alive, name=f"t{i}:1") for i in range(1500)]
        status, out, err = self.once(target_set(group(), *lines))
        self.assertEqual(status, 0, err + out[-500:])
        self.assertEqual(len(out.splitlines()), 1501)

    def test_bad_input_is_told_and_is_status_3(self):
        alive = self.server().port
        good = ndjson(target_set(group(), target(alive)))
        rows = {
            "truncated": good[:-20],
            "no end": b"".join(good.splitlines(keepends=True)[:-1]),
            "binary": bytes(range(256)) * 100,
            "a huge line": b"x" * 3_000_000,
            "deep nesting": b"[" * 60_000 + b"\n",
            "no JSON": b"hello\n",
            "a wrong type": good.replace(b'"port": ', b'"port": "x", "old": '),
            "a bad count": good.replace(b'"count": 2', b'"count": 3'),
            "port 0": ndjson(target_set(group(), target(0))),
            "a target twice": ndjson(target_set(group(), target(alive), target(alive))),
            "no group line": ndjson(target_set(target(alive))),
            "a bad matcher": ndjson(target_set(group(check_protocol="HTTP", matcher="2xx"))),
            "a bad path": ndjson(target_set(group(check_protocol="HTTP", check_path="x y"))),
            "an interval of 0": ndjson(target_set(group(check_interval_ms=0))),
            "a target outside of a set": ndjson([target(alive)]),
            "an enormous interval": ndjson(target_set(group(check_interval_ms=2**64 - 1))),
        }
        for what, data in rows.items():
            with self.subTest(what):
                status, _, err = self.once(data)
                self.assertEqual(status, 3, err)
                self.assertIn("nlb-health: warning: ", err)

    def test_good_sets_beside_bad_lines_are_checked(self):
        data = b"garbage\n" + ndjson(target_set(group(), target(self.server().port)))
        status, out, _ = self.once(data, "--json")
        self.assertEqual((status, json.loads(out)["state"]), (3, "healthy"))

    def test_files_that_cannot_be_read(self):
        self.assertEqual(self.run_tool(HEALTH, "once", os.path.join(self.dir, "none"))[0], 4)
        self.assertEqual(self.run_tool(HEALTH, "once", self.dir)[0], 4)

    def test_a_reader_that_leaves(self):
        port = self.server().port
        data = ndjson(target_set(group(), *(target(port, name=f"t{i}:1") for i in range(500))))
        process = self.start_without_reader("once", "-")
        process.popen.stdin.write(data)
        process.popen.stdin.close()
        self.assertEqual(process.wait(), -signal.SIGPIPE)


class Run(Base):
    def run_filter(self, *messages):
        process = self.start(HEALTH, "run", "--node", "n1", "--zone", "z1")
        process.send(*messages)
        return process

    def test_filter_reports_states_and_changes(self):
        server = self.server()
        name = f"127.0.0.1:{server.port}"
        process = self.run_filter(*target_set(group(), target(server.port), generation=7))
        hello = process.out.wait_for_message("hello")
        self.assertEqual((hello["role"], hello["node"], hello["zone"]), ("health", "n1", "z1"))
        begin = process.out.wait_for_message("set-begin", set="target-health", scope=GROUP)
        self.assertEqual(begin["generation"], 7)
        first = process.out.wait_for_message("target-health", target=name)
        self.assertEqual((first["state"], first["reason"], first["description"]),
                         ("initial", "Elb.InitialHealthChecking",
                          "Initial health checks in progress"))
        process.out.wait_for_message("target-health", target=name, state="healthy")
        server.close()
        down = process.out.wait_for_message("target-health", target=name, state="unhealthy")
        self.assertEqual(down["reason"], "Target.FailedHealthChecks")
        again = self.server(port=server.port)
        process.out.wait_for_message("target-health", target=name, state="healthy")
        while again.accepted < 2:  # the kernel accepted them; our thread may lag behind
            os.sched_yield()
        process.signal(nlbtest.TERM)
        self.assertEqual(process.wait(), 0)

    def test_it_checks_on_after_the_input_ends(self):
        server = self.server()
        process = self.run_filter(*target_set(group(), target(server.port)))
        process.close_stdin()
        process.out.wait_for_message("target-health", state="healthy")
        server.close()
        process.out.wait_for_message("target-health", state="unhealthy")
        process.signal(signal.SIGINT)
        self.assertEqual(process.wait(), 0)

    def test_a_file_is_an_input(self):
        file = self.write("set.ndjson", ndjson(target_set(group(), target(self.server().port))))
        process = self.start(HEALTH, "run", "--input", file)
        process.out.wait_for_message("target-health", state="healthy")

    def test_a_new_set_replaces_the_old_one(self):
        first, second, third = self.server(), self.server(), self.server()
        process = self.run_filter(*target_set(group(), target(first.port, name="a:1"),
                                              target(second.port, name="b:1")))
        healthy = {process.out.wait_for_message("target-health", state="healthy")["target"]
                   for _ in range(2)}  # in any order
        self.assertEqual(healthy, {"a:1", "b:1"})
        process.send(*target_set(group(), target(second.port, name="b:1"),
                                 target(third.port, name="c:1"), generation=2))
        process.out.wait_for_message("set-begin", generation=2)
        lines = []
        while not lines or lines[-1]["type"] != "set-end":
            lines.append(json.loads(process.out.next()))
        self.assertEqual([(line["target"], line["state"]) for line in lines[:-1]],
                         [("b:1", "healthy"), ("c:1", "initial")])
        process.out.wait_for_message("target-health", target="c:1", state="healthy")
        process.send(*target_set(generation=3))
        process.out.wait_for_message("set-begin", generation=3)
        self.assertEqual(process.out.wait_for_message("set-end")["count"], 0)

    def test_a_slow_target_delays_no_other(self):
        stall = self.stall()
        alive = self.server(answer(http_answer(200)))
        process = self.run_filter(*target_set(
            group(check_protocol="HTTP", check_timeout_ms=60000),
            target(stall.port, name="slow:1"), target(alive.port, name="fast:1")))
        process.out.wait_for_message("target-health", target="fast:1", state="healthy")
        alive.close()
        process.out.wait_for_message("target-health", target="fast:1", state="unhealthy")
        self.assertEqual(stall.accepted, 1)

    def test_bad_lines_are_told_and_survived(self):
        process = self.run_filter("garbage", "x" * 100_000, "\x00\xff",
                                  *target_set(group(), target(self.server().port)))
        process.err.wait_for(lambda line: "warning: line 1: " in line)
        process.err.wait_for(lambda line: "warning: line 2: " in line and "65536" in line)
        process.out.wait_for_message("target-health", state="healthy")

    def test_a_lost_line_voids_the_set(self):
        port = self.server().port
        lines = [{**line, "seq": i + 1} for i, line in
                 enumerate(target_set(group(), target(port, name="a:1"), target(port, name="b:1")))]
        del lines[2]
        process = self.run_filter(*lines, *target_set(group(), target(port, name="c:1")))
        process.err.wait_for(lambda line: "lines were lost" in line)
        process.out.wait_for_message("target-health", target="c:1")
        self.assertFalse([line for line in process.out.seen if '"a:1"' in line])

    def test_without_descriptors_it_is_our_trouble(self):
        stall = self.stall()
        process = self.start(HEALTH, "run", preexec_fn=lambda: limit_descriptors(100))
        process.send(*target_set(group(check_protocol="HTTP", check_timeout_ms=60000),
                                 *(target(stall.port, name=f"t{i}:1") for i in range(80))))
        line = process.out.wait_for_message("target-health", state="unavailable")
        self.assertEqual(line["reason"], "Elb.InternalError")
        self.assertTrue(line["description"].startswith(
            "Health checks failed due to an internal error: "), line)
        self.assertIn("Too many open files", line["description"])
        self.assertFalse([text for text in process.out.seen if '"unhealthy"' in text])

    def test_signals(self):
        process = self.run_filter(*target_set(group(), target(self.server().port)))
        process.out.wait_for_message("target-health", state="healthy")
        process.signal(signal.SIGHUP)
        process.signal(signal.SIGUSR1)
        text = process.err.wait_for(lambda line: "started=" in line)
        self.assertIn("groups=1 targets=1", text)
        self.assertIn(" passed=", text)
        process.signal(nlbtest.TERM)
        self.assertEqual(process.wait(), 0)

    def test_a_reader_that_leaves_ends_it(self):
        process = self.start_without_reader("run")
        with contextlib.suppress(BrokenPipeError):  # its hello may have ended it already
            process.send(*target_set(group(), target(self.server().port)))
        self.assertEqual(process.wait(), -signal.SIGPIPE)


class Socket(Base):
    """The test plays nlb-policy."""

    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.dir, "policy.sock")

    def listen(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen(8)
        listener.settimeout(nlbtest.DEADLINE)
        self.addCleanup(listener.close)
        return listener

    def accept(self, listener):
        connection, _ = listener.accept()
        self.addCleanup(connection.close)
        return connection, nlbtest.Lines(connection.makefile("rb"))

    def test_one_socket_both_ways_and_snapshots(self):
        process = self.start(HEALTH, "run", "--input", "unix:policy")
        process.err.wait_for(lambda line: "trying again" in line)
        connection, lines = self.accept(self.listen())
        lines.wait_for_message("hello", role="health")
        connection.sendall(ndjson(target_set(group(), target(self.server().port))))
        lines.wait_for_message("target-health", state="healthy")
        connection.sendall(ndjson([{"type": "snapshot-request"}]))
        lines.wait_for_message("set-begin", set="target-health")
        lines.wait_for_message("target-health", state="healthy")
        self.assertEqual(lines.wait_for_message("set-end")["count"], 1)
        connection.sendall(b"garbage\n")
        lines.wait_for_message("snapshot-request")
        process.signal(nlbtest.TERM)
        self.assertEqual(process.wait(), 0)

    def test_a_peer_with_bad_sets_is_asked_rarely(self):
        process = self.start(HEALTH, "run", "--input", "unix:policy")
        connection, lines = self.accept(self.listen())
        lines.wait_for_message("hello")
        good = ndjson(target_set(group(), target(self.server().port)))
        connection.sendall(good.replace(b'"count": 2', b'"count": 3'))
        lines.wait_for_message("snapshot-request")
        for _ in range(10):
            connection.sendall(good.replace(b'"count": 2', b'"count": 3'))
        connection.sendall(good)
        lines.wait_for_message("target-health", state="healthy")
        asked = [line for line in lines.seen if "snapshot-request" in line]
        self.assertLessEqual(len(asked), 2)
        process.signal(nlbtest.TERM)
        self.assertEqual(process.wait(), 0)

    def test_it_keeps_checking_without_the_peer_and_comes_back(self):
        """The peer is a process of its own and is killed with SIGKILL."""
        server = self.server()
        script = self.write("peer.py", PEER)
        messages = self.write("messages", ndjson(target_set(group(), target(server.port))))
        peer = self.start("python3", script, self.path, messages)
        process = self.start(HEALTH, "run", "--input", "unix:policy")
        peer.out.wait_for_message("target-health", state="healthy")
        peer.popen.kill()
        process.err.wait_for(lambda line: "trying again" in line)
        server.close()
        process.err.wait_for(lambda line: "healthy -> unhealthy" in line)
        connection, lines = self.accept(self.listen())
        lines.wait_for_message("hello")
        lines.wait_for_message("set-begin", set="target-health", scope=GROUP)
        lines.wait_for_message("target-health", state="unhealthy")
        lines.wait_for_message("set-end", count=1)
        connection.close()


PEER = """
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(1)
connection, _ = listener.accept()
connection.sendall(open(sys.argv[2], "rb").read())
while data := connection.recv(65536):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
"""

if __name__ == "__main__":
    nlbtest.main()
