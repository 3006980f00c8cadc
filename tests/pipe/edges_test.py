# SPDX-License-Identifier: Apache-2.0
"""Surroundings that are not what a tool expects: closed descriptors, FIFOs, names that are taken."""

import os
import signal
import socket

import balancer
import nlbtest

POLICY, HEALTH, FORWARD = (nlbtest.tool("nlb-" + name) for name in ("policy", "health", "forward"))


class EdgesTest(nlbtest.TestCase):
    def setUp(self):
        super().setUp()
        self.port = nlbtest.free_port()
        self.file = self.write("nlb.toml", balancer.small_toml(self.port))
        self.bare = self.write("bare.toml", balancer.small_toml())

    def test_a_balancer_without_listeners_is_no_bad_input(self):
        _, targets, _ = self.run_tool(POLICY, "targets", self.bare)
        self.assertNotIn('"scope"', targets)
        status, _, err = self.run_tool(HEALTH, "once", input=targets.encode())
        self.assertEqual((status, err), (0, ""))

    def test_listeners_that_vanish_while_nobody_looked_are_closed(self):
        policy = self.start(POLICY, "run", self.file)
        forward = self.start(FORWARD, "run", "--input", "unix:policy", "--records", "-",
                             "--counters-interval", "0")
        policy.err.wait_for(lambda line: "bound" in line)
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionResetError:
            pass  # its target refuses; the listener was there
        policy.signal(signal.SIGKILL)
        policy.wait()
        again = self.start(POLICY, "run", self.bare, "-v")
        again.err.wait_for(lambda line: "generation 1 in force" in line)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", self.port))
        self.assertIsNone(forward.popen.poll())

    def test_closed_standard_descriptors_are_not_taken_for_sockets(self):
        process = self.start("sh", "-c", f"exec {POLICY} run {self.file} <&- >&- 2>&-")
        path = os.path.join(self.dir, "policy.sock")
        while not os.path.exists(path):
            self.assertIsNone(process.popen.poll())
        for number in range(3):
            self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/{number}"), "/dev/null")
        process.signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)

    def test_a_fifo_without_a_writer_keeps_nobody_from_ending(self):
        fifo = os.path.join(self.dir, "fifo")
        os.mkfifo(fifo)
        for tool in (HEALTH, FORWARD):
            process = self.start(tool, "run", "--input", fifo)
            process.out.wait_for_message("hello")
            process.signal(signal.SIGTERM)
            self.assertEqual(process.wait(), 0)
        self.assertEqual(self.run_tool(POLICY, "check", fifo)[0], 2)

    def test_what_is_no_dead_socket_stays(self):
        precious = self.write("policy.sock", "precious")
        status, _, err = self.run_tool(POLICY, "run", self.file)
        self.assertEqual(status, 4)
        self.assertIn("there is something that is no socket", err)
        with open(precious, encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")
        os.unlink(precious)
        with socket.socket(socket.AF_UNIX) as live:
            live.bind(precious)
            live.listen()
            status, _, err = self.run_tool(POLICY, "run", self.file)
            self.assertEqual(status, 4)
            self.assertIn("another process listens there", err)

    def test_names_that_cannot_be_are_refused_at_once(self):
        for args, words in (((POLICY, "run", "-"), "FILE must be a file"),
                            ((POLICY, "targets", self.file, "--zone", "nowhere"), "has this zone"),
                            ((HEALTH, "run", "--input", "unix:/" + "x" * 107), "107 are allowed"),
                            ((FORWARD, "run", "--input", "unix:/" + "x" * 107), "107 are allowed")):
            status, _, err = self.run_tool(*args)
            self.assertEqual(status, 2, err)
            self.assertIn(words, err)

    def test_a_zone_without_listeners_is_told(self):
        _, routes, _ = self.run_tool(POLICY, "routes", self.file)
        process = self.start(FORWARD, "run", "--zone", "nowhere")
        process.send(*routes.splitlines())
        process.err.wait_for(lambda line: "no listener is in zone 'nowhere'" in line)

    def test_reports_on_strangers_are_counted(self):
        line = b'{"type":"target-health","group":"x","target":"y","state":"healthy"}\n'
        status, _, err = self.run_tool(POLICY, "routes", self.file, "--health", "-", input=line)
        self.assertEqual(status, 0)
        self.assertIn("1 reports were on targets that are not registered", err)


nlbtest.main()
