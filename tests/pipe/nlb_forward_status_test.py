# SPDX-License-Identifier: Apache-2.0
"""nlb-forward status and flows: what a running process serves, and what it carries by sockets."""

import json
import os
import signal
import socket
import threading
import unittest

import forwarder
import nlbtest
import udp
from forwarder import GROUP, LISTENER, listener, route, routing

OTHER = "listener/net/lb/0123456789abcdef/0000000000000000"


class Status(forwarder.Forwarder):
    def ask(self, command, *words, status=0):
        """What it prints, or, when it is to fail, the error."""
        result, out, said = self.run_tool(nlbtest.tool("nlb-forward"), command, *words)
        self.assertEqual(result, status, said)
        return said if status else out

    def lines(self, *words):
        """Lines of `status --json`, by type."""
        by_type = {}
        for line in self.ask("status", "--json", *words).splitlines():
            message = json.loads(line)
            by_type.setdefault(message["type"], []).append(message)
        return by_type

    def flows(self, *words):
        return [json.loads(line) for line in self.ask("flows", "--json", *words).splitlines()]

    def hello(self, port):
        one = self.connect(port)
        one.sendall(b"hi")
        self.assertEqual(one.recv(2), b"hi")
        return one

    def is_one(self, line, **members):
        self.assertEqual({name: line.get(name) for name in members}, members)


class StatusTest(Status):
    def test_process_listeners_and_targets(self):
        server, port, taken = self.serve(nlbtest.echo), nlbtest.free_port(), socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        there = taken.getsockname()[1]
        forward = self.forward(listener(port), listener(there, name=OTHER), routing(),
                               route(server.port), route(1, eligible=False), threads=3)
        connections = [self.hello(port) for _ in range(5)]
        connections.pop().close()
        self.flow(forward)
        status = self.lines()
        self.is_one(status["forwarder"][0], pid=forward.popen.pid, state="serving", workers=3,
                    datapath="proxy", generation=1, active_flows=4, takeover=None)
        bound, refused = status["listener-status"]
        self.is_one(bound, listener=LISTENER, zone="a", protocol="TCP", address="127.0.0.1",
                    port=port, group=GROUP, datapath="sockets", bound=True, error=None,
                    active_flows=4, new_flows=5, processed_bytes=20)
        self.is_one(refused, listener=OTHER, port=there, bound=False, error_number=98)
        self.assertIn("in use", refused["error"])
        takes, does_not = status["target-status"]
        self.is_one(takes, group=GROUP, zone="a", target=f"t:{server.port}", port=server.port,
                    address="127.0.0.1", state="healthy", eligible=True, reason="healthy",
                    active_flows=4)
        self.is_one(does_not, target="t:1", state="unhealthy", eligible=False, active_flows=0)

    def test_tables(self):
        server, port = self.serve(nlbtest.echo), nlbtest.free_port()
        self.forward(listener(port), routing(), route(server.port))
        process, listeners, targets = [
            [row.split("\t") for row in table.splitlines()]
            for table in self.ask("status").split("\n\n")]
        self.assertEqual(process[0][:3], ["PID", "STATE", "DATAPATH"])
        self.assertEqual(process[1][1:4], ["serving", "proxy", "2"])
        self.assertEqual(listeners[1][:6], [LISTENER, "a", "TCP", f"127.0.0.1:{port}", "sockets",
                                            "bound"])
        self.assertEqual(targets[1][:6], [GROUP, "a", f"t:{server.port}",
                                          f"127.0.0.1:{server.port}", "healthy", "yes"])

    def test_a_process_that_drains_and_one_that_is_gone(self):
        server, port = self.serve(nlbtest.echo), nlbtest.free_port()
        forward = self.forward(listener(port), routing(), route(server.port))
        held = self.hello(port)
        forward.signal(signal.SIGTERM)
        forward.err.wait_for(lambda line: "draining" in line)
        self.is_one(self.lines()["forwarder"][0], state="draining", active_flows=1)
        held.close()
        self.assertEqual(forward.wait(), 0)
        self.assertIn("nlb-forward run", self.ask("status", status=4))

    def test_who_took_over_answers(self):
        server, port = self.serve(nlbtest.echo), nlbtest.free_port()
        lines = (listener(port), routing(), route(server.port))
        first = self.forward(*lines, options=("--takeover", "unix:meeting"))
        held = self.hello(port)
        second = self.forward(*lines, options=("--takeover", "unix:meeting"))
        first.err.wait_for(lambda line: "another process took over" in line)
        second.err.wait_for(lambda line: "serves alone" in line)
        self.is_one(self.lines()["forwarder"][0], pid=second.popen.pid, state="serving",
                    active_flows=0, takeover=os.path.join(self.dir, "meeting.sock"))
        held.close()
        self.assertEqual(first.wait(), 0)

    def test_another_question_is_refused(self):
        server, port = self.serve(nlbtest.echo), nlbtest.free_port()
        self.forward(listener(port), routing(), route(server.port), options=("--node", "n"))
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(os.path.join(self.dir, "nlb-forward-n.ctl"))
            one.sendall(b'{"type":"request","what":"weather","seq":1}\n')
            one.settimeout(nlbtest.DEADLINE)
            with one.makefile() as lines:
                hello, answer = json.loads(next(lines)), json.loads(next(lines))
        self.is_one(hello, type="hello", node="n", role="forward")
        self.is_one(answer, type="answer", done=False)
        self.assertIn("weather", answer["text"])


class FlowsTest(Status):
    def test_connections_of_every_thread(self):
        """More than a worker shows at a time."""
        server = self.serve(nlbtest.echo)
        port = nlbtest.free_port()
        self.forward(listener(port), routing(), route(server.port), threads=3)
        clients = [self.hello(port) for _ in range(900)]
        ports = sorted(one.getsockname()[1] for one in clients)
        flows = self.flows()
        self.assertEqual(sorted(flow["client_port"] for flow in flows), ports)
        self.is_one(flows[0], protocol="tcp", state="established", client_address="127.0.0.1",
                    destination_address="127.0.0.1", destination_port=port, listener=LISTENER,
                    zone="a", group=GROUP, target=f"t:{server.port}", target_port=server.port,
                    source_address="127.0.0.1", client_bytes=2, target_bytes=2,
                    client_packets=None)
        self.assertEqual(len({flow["source_port"] for flow in flows}), len(ports))
        mine = ports[7]
        only = self.flows("src", f"127.0.0.1:{mine}", "state", "established")
        self.assertEqual([flow["client_port"] for flow in only], [mine])
        self.assertEqual(self.flows("state", "closing"), [])

    def test_datagrams_and_the_table(self):
        target = udp.Target()
        self.addCleanup(target.close)
        port = nlbtest.free_port()
        self.forward(listener(port, protocol="UDP"), routing(), route(target.port))
        client = udp.Client(port)
        self.addCleanup(client.socket.close)
        client.send(b"seventy")
        self.assertEqual(client.socket.recv(16), b"seventy")
        flow, = self.flows()
        self.is_one(flow, protocol="udp", state="established", client_port=client.port,
                    client_bytes=7, target_bytes=7)
        self.assertEqual(target.seen, [("127.0.0.1", flow["source_port"])])
        header, row = [row.split("\t") for row in self.ask("flows").splitlines()]
        self.assertEqual(header[:3], ["PROTOCOL", "STATE", "CLIENT"])
        self.assertEqual(row[:3], ["udp", "established", f"127.0.0.1:{client.port}"])

    def test_a_connection_that_is_half_closed(self):
        asked = threading.Event()
        self.addCleanup(asked.set)

        def finish(connection):  # reads to the end and keeps its own direction open
            nlbtest.read_all(connection)
            connection.sendall(b"end")
            asked.wait(nlbtest.DEADLINE)

        server = self.serve(finish)
        port = nlbtest.free_port()
        self.forward(listener(port), routing(), route(server.port))
        client = self.connect(port)
        client.sendall(b"x")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(client.recv(3), b"end")
        self.is_one(self.flows()[0], state="closing", client_bytes=1, target_bytes=3)

    def test_nobody_there(self):
        said = self.ask("flows", "--node", "nowhere", status=2)
        self.assertIn("nowhere", said)


if __name__ == "__main__":
    unittest.main()
