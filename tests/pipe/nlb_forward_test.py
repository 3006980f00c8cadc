# SPDX-License-Identifier: Apache-2.0
"""nlb-forward run: bytes, ends and resets through it; routes, descriptors and signals around it."""

import hashlib
import json
import os
import resource
import signal
import socket
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import nlbtest  # noqa: E402

GROUP = "targetgroup/web/0123456789abcdef"
LISTENER = "listener/net/lb/0123456789abcdef/fedcba9876543210"
MIB = 1 << 20


def listener(port, address="127.0.0.1", name=LISTENER, zone="a", idle_ms=350000, **more):
    return {"type": "listener", "listener": name, "load_balancer": "net/lb/0123456789abcdef",
            "zone": zone, "protocol": "TCP", "address": address, "port": port, "group": GROUP,
            "idle_timeout_ms": idle_ms, **more}


def routing(zone="a", source="127.0.0.1", **more):
    return {"type": "routing", "group": GROUP, "zone": zone, "source": source, "mode": "healthy",
            "preserve_client_ip": False, "proxy_protocol_v2": False, "sticky": False, **more}


def route(port, target=None, eligible=True, zone="a", address="127.0.0.1"):
    return {"type": "route", "group": GROUP, "zone": zone, "target": target or f"t:{port}",
            "address": address, "port": port, "eligible": eligible,
            "reason": "healthy" if eligible else "unhealthy",
            "state": "healthy" if eligible else "unhealthy"}


def route_set(generation, *lines, scope=GROUP):
    return [{"type": "set-begin", "set": "route-set", "scope": scope, "generation": generation},
            *lines,
            {"type": "set-end", "set": "route-set", "scope": scope, "generation": generation,
             "count": len(lines)}]


def was_reset(connection):
    """Reads to the end; whether that was a reset."""
    try:
        nlbtest.read_all(connection)
        return False
    except ConnectionResetError:
        return True


class Forwarder(nlbtest.TestCase):
    def serve(self, serve, **options):
        server = nlbtest.Server(serve, **options)
        self.addCleanup(server.close)
        return server

    def forward(self, *lines, threads=2, options=(), wait=True, **process):
        """nlb-forward with a first route-set in force."""
        forward = self.start(nlbtest.tool("nlb-forward"), "run", "-j", str(threads), "--records",
                             "-", "--counters-interval", "0", *options, **process)
        self.generation = 0
        self.apply(forward, *lines, wait=wait)
        return forward

    def apply(self, forward, *lines, wait=True):
        self.generation += 1
        forward.send(*route_set(self.generation, *lines))
        if wait:
            forward.out.wait_for_message("route-applied", generation=self.generation)

    def to(self, *servers, idle_ms=350000, **options):
        """A forwarder in front of the servers: (process, port)."""
        port = nlbtest.free_port()
        forward = self.forward(listener(port, idle_ms=idle_ms), routing(),
                               *[route(s.port) for s in servers], **options)
        return forward, port

    def connect(self, port, address="127.0.0.1"):
        connection = socket.create_connection((address, port), timeout=nlbtest.DEADLINE)
        self.addCleanup(connection.close)
        return connection

    def flow(self, forward, **members):
        return forward.out.wait_for_message("flow", **members)

    def counter(self, forward, name):
        forward.signal(signal.SIGUSR1)
        return forward.out.wait_for_message("counter", name=name)["value"]


class Bytes(Forwarder):
    def test_echo_and_a_flow_line(self):
        forward, port = self.to(self.serve(nlbtest.echo))
        client = self.connect(port)
        client.sendall(b"hello")
        self.assertEqual(client.recv(100), b"hello")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(client.recv(100), b"")
        flow = self.flow(forward)
        self.assertEqual((flow["end"], flow["client_bytes"], flow["target_bytes"]),
                         ("closed", 5, 5))
        self.assertEqual(flow["client_port"], client.getsockname()[1])

    def test_the_server_may_speak_first(self):
        _, port = self.to(self.serve(nlbtest.say("220 ready\r\n")))
        self.assertEqual(nlbtest.read_all(self.connect(port)), b"220 ready\r\n")

    def test_the_client_ends_first_and_still_gets_the_answer(self):
        def count(connection):
            connection.sendall(str(len(nlbtest.read_all(connection))).encode())

        _, port = self.to(self.serve(count))
        client = self.connect(port)
        client.sendall(b"x" * 300_000)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(nlbtest.read_all(client), b"300000")

    def test_the_target_ends_first_and_still_gets_everything(self):
        got = threading.Event()
        received = []

        def half(connection):
            connection.sendall(b"bye")
            connection.shutdown(socket.SHUT_WR)
            received.append(nlbtest.read_all(connection))
            got.set()

        forward, port = self.to(self.serve(half))
        client = self.connect(port)
        self.assertEqual(nlbtest.read_all(client), b"bye")
        client.sendall(b"y" * 300_000)
        client.shutdown(socket.SHUT_WR)
        self.assertTrue(got.wait(nlbtest.DEADLINE))
        self.assertEqual(len(received[0]), 300_000)
        self.assertEqual(self.flow(forward)["end"], "closed")

    def test_ipv6_listener_and_target(self):
        try:
            server = self.serve(nlbtest.echo, address="::1")
        except OSError as error:
            self.skipTest(f"no IPv6 on loopback: {error}")
        port = nlbtest.free_port("::1")
        self.forward(listener(port, address="::1"), routing(source="::1"),
                     route(server.port, address="::1"))
        client = self.connect(port, "::1")
        client.sendall(b"six")
        self.assertEqual(client.recv(10), b"six")

    def test_a_websocket_upgrade_passes(self):
        key = "dGhlIHNhbXBsZSBub25jZQ=="  # the example of RFC 6455 section 1.3

        def upgrade(connection):
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(4096)
            self.assertIn(b"Upgrade: websocket", request)
            connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                               b"Connection: Upgrade\r\n"
                               b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
            nlbtest.echo(connection)

        _, port = self.to(self.serve(upgrade))
        client = self.connect(port)
        client.sendall(f"GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                       f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                       f"Sec-WebSocket-Version: 13\r\n\r\n".encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += client.recv(4096)
        self.assertTrue(answer.startswith(b"HTTP/1.1 101 "))
        frame = bytes([0x82, 0x85, 1, 2, 3, 4]) + bytes(b ^ m for b, m in zip(b"hello", b"\1\2\3\4\1"))
        client.sendall(frame)
        self.assertEqual(client.recv(100), frame)

    def test_a_gibibyte_each_way_is_identical(self):
        size = int(os.environ.get("NLB_TEST_TRANSFER_MIB", "1024")) * MIB
        block = os.urandom(4 * MIB)
        expected = hashlib.sha256()
        for _ in range(size // len(block)):
            expected.update(block)

        def source(connection):
            for _ in range(size // len(block)):
                connection.sendall(block)
            connection.shutdown(socket.SHUT_WR)

        def digest(connection):
            hashed, buffer = hashlib.sha256(), bytearray(MIB)
            while n := connection.recv_into(buffer):
                hashed.update(memoryview(buffer)[:n])
            return hashed.hexdigest()

        digests = []

        def both(connection):
            sender = threading.Thread(target=source, args=(connection,))
            sender.start()
            digests.append(digest(connection))
            sender.join()

        server = self.serve(both)
        forward, port = self.to(server)
        client = self.connect(port)
        client.settimeout(120)
        both(client)
        flow = forward.out.wait_for_message("flow", 120)
        self.assertEqual(digests, [expected.hexdigest()] * 2)
        self.assertEqual((flow["client_bytes"], flow["target_bytes"]), (size, size))

    def test_a_thousand_connections_at_once(self):
        count = 1000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 4 * count:
            self.skipTest(f"at most {hard} descriptors")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        forward, port = self.to(self.serve(nlbtest.echo), self.serve(nlbtest.echo))
        clients = [self.connect(port) for _ in range(count)]
        for number, client in enumerate(clients):
            client.sendall(str(number).encode())
        for number, client in enumerate(clients):
            self.assertEqual(client.recv(100), str(number).encode())
        self.assertEqual(self.counter(forward, "ActiveFlowCount"), count)
        targets = set()
        for client in clients:
            client.close()
        for _ in clients:
            flow = self.flow(forward)
            self.assertEqual(flow["end"], "closed")
            targets.add(flow["target"])
        self.assertEqual(len(targets), 2)


class Resets(Forwarder):
    def test_a_reset_of_the_client_reaches_the_target(self):
        seen, done = [], threading.Event()

        def watch(connection):
            connection.sendall(b"!")
            seen.append(was_reset(connection))
            done.set()

        forward, port = self.to(self.serve(watch))
        client = self.connect(port)
        self.assertEqual(client.recv(1), b"!")
        nlbtest.reset_on_close(client)
        client.close()
        self.assertTrue(done.wait(nlbtest.DEADLINE))
        self.assertEqual(seen, [True])
        self.assertEqual(self.flow(forward)["end"], "client-reset")
        self.assertEqual(self.counter(forward, "TCP_Client_Reset_Count"), 1)

    def test_a_reset_of_the_target_reaches_the_client(self):
        def reset(connection):
            connection.recv(1)
            nlbtest.reset_on_close(connection)

        forward, port = self.to(self.serve(reset))
        client = self.connect(port)
        client.sendall(b"x")
        self.assertTrue(was_reset(client))
        self.assertEqual(self.flow(forward)["end"], "target-reset")
        self.assertEqual(self.counter(forward, "TCP_Target_Reset_Count"), 1)

    def test_a_refusal_reaches_the_client_as_a_reset(self):
        port = nlbtest.free_port()
        forward = self.forward(listener(port), routing(), route(nlbtest.free_port()))
        self.assertTrue(was_reset(self.connect(port)))
        self.assertEqual(self.flow(forward)["end"], "target-refused")

    def test_silence_of_the_target_reaches_the_client_as_a_reset(self):
        full = socket.socket()
        self.addCleanup(full.close)
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = []
        for _ in range(4):  # a full accept queue: further SYNs are not answered
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            fillers.append(filler)
            self.addCleanup(filler.close)
        port = nlbtest.free_port()
        forward = self.forward(listener(port), routing(), route(full.getsockname()[1]),
                               options=("--connect-timeout", "1"))
        self.assertTrue(was_reset(self.connect(port)))
        self.assertEqual(self.flow(forward)["end"], "target-timeout")

    def test_without_targets_clients_are_reset(self):
        port = nlbtest.free_port()
        forward = self.forward(listener(port), routing(), route(1, eligible=False))
        self.assertTrue(was_reset(self.connect(port)))
        flow = self.flow(forward)
        self.assertEqual(flow["end"], "no-target")
        self.assertNotIn("target", flow)

    def test_an_idle_connection_is_reset_and_a_busy_one_is_not(self):
        forward, port = self.to(self.serve(nlbtest.echo), idle_ms=1000)
        idle, busy = self.connect(port), self.connect(port)
        idle.settimeout(0.05)
        turns = 0
        while True:
            busy.sendall(b"x")
            self.assertEqual(busy.recv(1), b"x")
            turns += 1
            try:
                self.assertNotEqual(idle.recv(1), b"")
            except TimeoutError:
                continue
            except ConnectionResetError:
                break
        self.assertGreater(turns, 3)
        self.assertEqual(self.flow(forward)["end"], "idle-timeout")
        busy.sendall(b"y")
        self.assertEqual(busy.recv(1), b"y")


class Pressure(Forwarder):
    @staticmethod
    def resident_kib(pid):
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            return int(next(line for line in status if line.startswith("VmRSS")).split()[1])

    def test_slow_readers_cost_no_memory(self):
        forward, port = self.to(self.serve(lambda c: c.sendall(bytes(64 * MIB))))
        before = self.resident_kib(forward.pid)
        clients = [self.connect(port) for _ in range(20)]
        for client in clients:
            client.recv(1)
        # Nothing is read any more; the count of forwarded bytes comes to rest.
        now, unchanged = 0, 0
        while unchanged < 50:
            last, now = now, self.counter(forward, "ProcessedBytes")
            unchanged = unchanged + 1 if now == last else 0
        self.assertLess(now, 20 * 64 * MIB)
        self.assertLess(self.resident_kib(forward.pid) - before, 20 * 256 + 8192)
        self.assertEqual(len(nlbtest.read_all(clients[0])), 64 * MIB - 1)

    def test_out_of_descriptors_accepting_pauses_and_recovers(self):
        def few():
            resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))

        forward, port = self.to(self.serve(nlbtest.echo), threads=1, preexec_fn=few)
        clients = [self.connect(port) for _ in range(60)]
        for client in clients:
            client.sendall(b"x")
        served = []
        for client in clients:
            client.settimeout(0.3)
            try:
                self.assertEqual(client.recv(1), b"x")
                served.append(client)
            except TimeoutError:
                break
        self.assertLess(len(served), 60)
        self.assertGreater(len(served), 5)
        self.assertGreater(self.counter(forward, "AcceptPausedCount"), 0)
        waiting = [c for c in clients if c not in served]
        for client in served:
            client.close()
        for client in waiting:  # each gets its turn when another has gone
            client.settimeout(nlbtest.DEADLINE)
            self.assertEqual(client.recv(1), b"x")
            client.close()


class Routes(Forwarder):
    def named(self, name):
        def serve(connection):
            connection.sendall(name)
            nlbtest.echo(connection)

        return self.serve(serve)

    def test_a_target_that_is_removed_keeps_its_connections(self):
        one, two = self.named(b"1"), self.named(b"2")
        forward, port = self.to(one)
        old = self.connect(port)
        self.assertEqual(old.recv(1), b"1")
        self.apply(forward, listener(port), routing(), route(two.port))
        self.assertEqual(self.connect(port).recv(1), b"2")
        old.sendall(b"still here")
        self.assertEqual(old.recv(100), b"still here")

    def test_listeners_come_move_and_go(self):
        server = self.named(b"1")
        first, second = nlbtest.free_port(), nlbtest.free_port()
        forward = self.forward(listener(first), routing(), route(server.port))
        old = self.connect(first)
        self.assertEqual(old.recv(1), b"1")
        self.apply(forward, listener(second), routing(), route(server.port))
        self.assertEqual(self.connect(second).recv(1), b"1")
        with self.assertRaises(ConnectionRefusedError):
            self.connect(first)
        old.sendall(b"x")
        self.assertEqual(old.recv(1), b"x")
        forward.send(*route_set(9))
        forward.out.wait_for_message("listener-state", bound=False)
        forward.out.wait_for_message("route-applied", generation=9)  # every worker has closed it
        with self.assertRaises(ConnectionRefusedError):
            self.connect(second)
        old.sendall(b"y")
        self.assertEqual(old.recv(1), b"y")

    def test_no_connection_is_lost_while_routes_change(self):
        servers = [self.named(b"1"), self.named(b"2"), self.named(b"3")]
        forward, port = self.to(*servers)
        stop, failures, done = threading.Event(), [], [0]

        def load():
            while not stop.is_set():
                try:
                    with socket.create_connection(("127.0.0.1", port), nlbtest.DEADLINE) as c:
                        if c.recv(1) not in (b"1", b"2", b"3"):
                            failures.append("no answer")
                        c.sendall(b"ping")
                        if c.recv(4) != b"ping":
                            failures.append("no echo")
                    done[0] += 1
                except OSError as error:
                    failures.append(str(error))

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for change in range(100):
            kept = [s for i, s in enumerate(servers) if i != change % 3]
            self.apply(forward, listener(port), routing(), *[route(s.port) for s in kept])
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertGreater(done[0], 10)

    def test_an_address_that_is_taken_is_reported_and_tried_again(self):
        server = self.named(b"1")
        taken = socket.create_server(("127.0.0.1", 0))
        port, other = taken.getsockname()[1], nlbtest.free_port()
        forward = self.forward(listener(port), listener(other, name="listener/other"), routing(),
                               route(server.port), wait=False)
        state = forward.out.wait_for_message("listener-state", listener=LISTENER)
        self.assertEqual((state["bound"], state["error_number"]), (False, 98))
        forward.out.wait_for_message("route-applied")
        self.assertEqual(self.connect(other).recv(1), b"1")
        taken.close()
        forward.out.wait_for_message("listener-state", listener=LISTENER, bound=True)
        self.assertEqual(self.connect(port).recv(1), b"1")

    def test_an_address_of_nobody_is_reported(self):
        forward = self.forward(listener(80, address="192.0.2.1"), routing(), wait=False)
        state = forward.out.wait_for_message("listener-state")
        self.assertEqual((state["bound"], state["error_number"]), (False, 99))
        forward.err.wait_for(lambda line: "192.0.2.1:80" in line)

    def test_only_the_asked_for_zone_is_served(self):
        server = self.named(b"1")
        a, b = nlbtest.free_port(), nlbtest.free_port()
        self.forward(listener(a, zone="a"), listener(b, zone="b"), routing("b"),
                     route(server.port, zone="b"), options=("--zone", "b"))
        self.assertEqual(self.connect(b).recv(1), b"1")
        with self.assertRaises(ConnectionRefusedError):
            self.connect(a)

    def test_what_it_cannot_do_is_said(self):
        server = self.named(b"1")
        port = nlbtest.free_port()
        forward = self.forward(listener(port), routing(preserve_client_ip=True,
                                                       proxy_protocol_v2=True),
                               route(server.port))
        forward.err.wait_for(lambda line: "preserve_client_ip" in line)
        forward.err.wait_for(lambda line: "proxy_protocol_v2" in line)
        self.assertEqual(self.connect(port).recv(2), b"1")


class Inputs(Forwarder):
    def test_the_end_of_the_input_changes_nothing(self):
        forward, port = self.to(self.serve(nlbtest.echo))
        forward.close_stdin()
        forward.err.wait_for(lambda line: "stays in force" in line)
        client = self.connect(port)
        client.sendall(b"x")
        self.assertEqual(client.recv(1), b"x")

    def test_policy_goes_away_and_comes_back(self):
        path = os.path.join(self.dir, "policy.sock")
        one, two = self.serve(nlbtest.say("1")), self.serve(nlbtest.say("2"))
        port = nlbtest.free_port()
        policy = socket.socket(socket.AF_UNIX)
        policy.bind(path)
        policy.listen()
        forward = self.start(nlbtest.tool("nlb-forward"), "run", "--input", "unix:policy", "-j",
                             "2")

        def talk(generation, server):
            link, _ = policy.accept()
            lines = nlbtest.Lines(link.makefile("rb"))
            self.assertEqual(lines.wait_for_message("hello")["role"], "forward")
            hello = {"type": "hello", "contract": 1, "tool": "nlb-policy",
                     "instance": "0" * 15 + str(generation), "seq": 1}
            sets = route_set(generation, listener(port), routing(), route(server.port))
            for line in [hello, *sets]:
                link.sendall(json.dumps(line).encode() + b"\n")
            lines.wait_for_message("route-applied", generation=generation)
            return link

        link = talk(1, one)
        self.assertEqual(nlbtest.read_all(self.connect(port)), b"1")
        link.shutdown(socket.SHUT_RDWR)
        link.close()
        forward.err.wait_for(lambda line: "stays in force" in line)
        self.assertEqual(nlbtest.read_all(self.connect(port)), b"1")
        link = talk(2, two)
        self.assertEqual(nlbtest.read_all(self.connect(port)), b"2")
        link.close()
        policy.close()

    def test_bad_lines_are_skipped_with_a_warning(self):
        forward, port = self.to(self.serve(nlbtest.echo))
        forward.send("this is no message", "{\"type\":\"hello\"}", "\x00\xff{")
        forward.err.wait_for(lambda line: "skipped line" in line)
        lines = route_set(7, listener(port), routing())
        lines.insert(2, "garbage inside a set")
        forward.send(*lines)
        forward.out.wait_for_message("snapshot-request")
        client = self.connect(port)
        client.sendall(b"x")
        self.assertEqual(client.recv(1), b"x")

    def test_inputs_without_a_route_set_are_an_error(self):
        for name, content in (("empty", b""), ("binary", os.urandom(300_000)),
                              ("long", b"x" * 3_000_000), ("cut", b'{"type":"set-begin"')):
            with self.subTest(name):
                status, _, err = self.run_tool(nlbtest.tool("nlb-forward"), "run", "--input",
                                               self.write(name, content))
                self.assert_no_crash(status, err)
                self.assertEqual(status, 3, err)
                self.assertIn("without a complete route-set", err)
        status, _, err = self.run_tool(nlbtest.tool("nlb-forward"), "run", "--input", "/nowhere/x")
        self.assertEqual(status, 4, err)
        status, _, err = self.run_tool(nlbtest.tool("nlb-forward"), "run", "--threads", "0")
        self.assertEqual(status, 2, err)


class Signals(Forwarder):
    def test_term_drains(self):
        forward, port = self.to(self.serve(nlbtest.echo))
        client = self.connect(port)
        client.sendall(b"x")
        self.assertEqual(client.recv(1), b"x")
        forward.signal(signal.SIGTERM)
        forward.err.wait_for(lambda line: "draining 1 connections" in line)
        client.sendall(b"y")
        self.assertEqual(client.recv(1), b"y")
        client.close()
        self.assertEqual(forward.wait(), 0)
        self.assertEqual(self.flow(forward)["end"], "closed")

    def test_the_second_signal_stops_at_once(self):
        for number, status in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
            forward, port = self.to(self.serve(nlbtest.echo))
            client = self.connect(port)
            client.sendall(b"x")
            self.assertEqual(client.recv(1), b"x")
            forward.signal(number)
            forward.err.wait_for(lambda line: "draining" in line)
            forward.signal(number)
            self.assertEqual(forward.wait(), status)
            self.assertTrue(was_reset(client))
            self.assertEqual(self.flow(forward)["end"], "stopped")

    def test_the_drain_timeout_resets_the_rest(self):
        forward, port = self.to(self.serve(nlbtest.echo), options=("--drain-timeout", "1"))
        client = self.connect(port)
        client.sendall(b"x")
        self.assertEqual(client.recv(1), b"x")
        forward.signal(signal.SIGTERM)
        self.assertTrue(was_reset(client))
        self.assertEqual(forward.wait(), 0)

    def test_hangup_is_harmless(self):
        forward, port = self.to(self.serve(nlbtest.echo))
        forward.signal(signal.SIGHUP)
        self.assertEqual(self.counter(forward, "NewFlowCount"), 0)
        client = self.connect(port)
        client.sendall(b"x")
        self.assertEqual(client.recv(1), b"x")


if __name__ == "__main__":
    nlbtest.main()
