# SPDX-License-Identifier: Apache-2.0
"""nlb-forward run: routes, inputs and signals around the connections."""

import json
import os
import signal
import socket
import threading

import nlbtest
from forwarder import LISTENER, Forwarder, listener, route, route_set, routing, was_reset


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
        forward = self.forward(listener(port), routing(preserve_client_ip=True),
                               route(server.port))
        forward.err.wait_for(lambda line: "preserve_client_ip" in line)
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
