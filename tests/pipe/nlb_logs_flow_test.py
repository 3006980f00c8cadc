# SPDX-License-Identifier: Apache-2.0
"""nlb-logs collect --traffic-type: the flows of nlb-forward become VPC flow log files."""

import glob
import gzip
import json
import os
import signal
import socket
import unittest

import collect
import forwarder
import nlbtest
import udp
from forwarder import listener, route, routing
from nlbtest import tool

HEADER = ("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes "
          "start end action log-status\n")
ID = "net/lb/0123456789abcdef"


def flow(number, **members):
    """As nlb-forward tells it; `number` tells it from others (client_bytes)."""
    return json.dumps({
        "type": "flow", "listener": forwarder.LISTENER, "zone": "a", "group": forwarder.GROUP,
        "target": "t:80", "client_address": "198.51.100.7", "client_port": 40000,
        "start_ms": 1777593609250, "duration_ms": 1000, "client_bytes": number,
        "target_bytes": 200, "end": "closed", "load_balancer": ID,
        "destination_address": "192.0.2.1", "destination_port": 443,
        "source_address": "192.0.2.1", "source_port": 50000, "target_address": "10.0.0.1",
        "target_port": 80, "client_packets": 3, "target_packets": 2, "accepted": True,
        "datapath": "kernel", **members}) + "\n"


def records(number, action="ACCEPT"):
    return [f"2 - - 198.51.100.7 192.0.2.1 40000 443 6 3 {number} 1777593609 1777593610 {action} "
            "OK\n",
            f"2 - - 10.0.0.1 192.0.2.1 80 50000 6 2 200 1777593609 1777593610 {action} OK\n"]


class FlowFiles(collect.Collect):
    """What lies below the directory."""

    def lines(self):
        """The records of all files, each of which begins with the names of the fields."""
        found = []
        for path in self.files():
            with gzip.open(path, "rt", encoding="ascii") as file:
                lines = file.readlines()
            self.assertEqual(lines[0], HEADER, path)
            self.assertNotIn(HEADER, lines[1:])
            found += lines[1:]
        return found

    def collect(self, text, *options, status=0):
        done = self.run_tool(tool("nlb-logs"), "collect", *options, input=text.encode())
        self.assertEqual(done[0], status, done[2])
        return done

    def to_files(self, text, *options, status=0):
        return self.collect(text, "--directory", self.logs, *options, status=status)


class Messages(FlowFiles):
    def test_files_lie_where_those_of_vpc_flow_logs_do(self):
        self.to_files(flow(1) + flow(2, start_ms=1777593899999), "--traffic-type", "ALL",
                      "--account", "111122223333", "--region", "eu-west-1", "--prefix", "a")
        names = [os.path.relpath(path, self.logs) for path in self.files()]
        self.assertEqual(len(names), 2)
        for name, end in zip(names, ("20260501T0005Z", "20260501T0010Z")):
            self.assertRegex(
                name, r"^a/AWSLogs/111122223333/vpcflowlogs/eu-west-1/\d{4}/\d\d/\d\d/"
                r"111122223333_vpcflowlogs_eu-west-1_net\.lb\.0123456789abcdef_" + end +
                r"_[a-z0-9]{8}\.log\.gz$")
        self.assertEqual(self.lines()[:2], records(1))

    def test_entries_and_records_do_not_share_files(self):
        self.to_files(flow(1) + collect.message(2) + flow(3), "--traffic-type", "ALL")
        entries = [path for path in self.files() if "elasticloadbalancing" in path]
        self.assertEqual(len(entries), 1)
        self.assertEqual(len(self.files()), 2)
        status, out, said = self.run_tool(tool("nlb-logs"), "cat", self.logs)
        self.assertEqual((status, out), (0, collect.entry(2)), said)
        os.remove(entries[0])
        self.assertEqual(self.lines(), records(1) + records(3))

    def test_the_traffic_type_decides(self):
        lines = flow(1) + flow(2, accepted=False) + flow(3)
        for options, wanted in (((), []),
                                (("--traffic-type", "ACCEPT"), records(1) + records(3)),
                                (("--traffic-type", "REJECT"), records(2, "REJECT"))):
            self.logs = os.path.join(self.dir, "-".join(options) or "none")
            self.to_files(lines, *options)
            self.assertEqual(self.lines(), wanted)

    def test_without_a_destination_records_go_to_standard_output(self):
        _, out, _ = self.collect(flow(1) + flow(2, accepted=False), "--traffic-type", "REJECT")
        self.assertEqual(out, HEADER + "".join(records(2, "REJECT")))
        self.assertEqual(self.collect(flow(1))[1], "")

    def test_what_cannot_be_a_record_is_refused_aloud(self):
        bad = (flow(1, destination_port=65536) + flow(2, duration_ms=1 << 62) +
               flow(3, load_balancer="net/a b") + flow(4, load_balancer=None))
        _, _, said = self.to_files(bad + flow(5), "--traffic-type", "ALL", status=3)
        self.assertIn("4 lines were refused", said)
        self.assertEqual(self.lines(), records(5))

    def test_what_was_acknowledged_survives_the_process(self):
        process = self.collector("--traffic-type", "ALL")
        connection, answers = self.sender(process)
        connection.sendall((flow(1) + flow(2)).encode())
        self.wait_ack(answers, 2)
        process.popen.kill()
        process.wait()
        self.assertEqual(self.files(), [])
        again = self.collector("--traffic-type", "ALL")
        self.sender(again)
        again.signal(signal.SIGTERM)
        self.assertEqual(again.wait(), 0)
        self.assertEqual(self.lines(), records(1) + records(2))


class Forwarded(FlowFiles, forwarder.Forwarder):
    """nlb-forward over loopback; what it writes itself is what collect writes."""

    def setUp(self):
        super().setUp()
        self.own = os.path.join(self.dir, "flows.log")

    def own_records(self):
        with open(self.own, encoding="ascii") as file:
            return file.read()

    def balancer(self, start):
        """Listeners for TCP, UDP, nobody and a target that refuses: (process, their ports)."""
        self.target = udp.Target()
        self.addCleanup(self.target.close)
        server = self.serve(nlbtest.echo)
        refusing = nlbtest.free_port()
        ports = [nlbtest.free_port() for _ in range(4)]
        lines = []
        for number, (port, where) in enumerate(zip(ports, (server.port, self.target.port, 1,
                                                           refusing))):
            group = f"targetgroup/{number}/0123456789abcdef"
            lines.append([listener(port, name=f"{forwarder.LISTENER}{number}", group=group,
                                   protocol="UDP" if number == 1 else "TCP"),
                          routing(group=group), route(where, eligible=number != 2, group=group)])
        forward = start()
        for generation, group in enumerate(lines):
            forward.send(*forwarder.route_set(generation, *group, scope=group[0]["group"]))
        forward.out.wait_for_message("route-applied", generation=len(lines) - 1)
        return forward, ports

    def flows(self, ports):
        """One of each kind; they have ended, or end with the process."""
        client = self.connect(ports[0])
        client.sendall(b"hello")
        self.assertEqual(client.recv(5), b"hello")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(nlbtest.read_all(client), b"")
        datagrams = udp.Client(ports[1])
        self.addCleanup(datagrams.socket.close)
        for _ in range(3):
            datagrams.send(b"seventy")
            self.assertEqual(datagrams.socket.recv(16), b"seventy")
        for port in ports[2:]:
            self.assertTrue(forwarder.was_reset(lambda port=port: self.connect(port)))

    def check(self, lines):
        fields = [line.split() for line in lines]
        self.assertEqual(len(lines), 2 + 2 + 1 + 2)
        self.assertEqual(sorted(line[12] for line in fields), ["ACCEPT"] * 4 + ["REJECT"] * 3)
        self.assertEqual(sorted(line[7] for line in fields), ["17"] * 2 + ["6"] * 5)
        self.assertFalse([line for line in fields if "-" in line[3:]])

    def test_messages_give_the_records_that_nlb_forward_writes(self):
        forward, ports = self.balancer(lambda: self.start(
            tool("nlb-forward"), "run", "--records", "-", "--vpc-flow-log", self.own))
        self.flows(ports)
        forward.signal(signal.SIGTERM)
        self.assertEqual(forward.wait(), 0)
        forward.out.rest()
        said = "".join(line + "\n" for line in forward.out.seen)
        self.assertEqual(self.collect(said, "--traffic-type", "ALL")[1], self.own_records())
        self.to_files(said, "--traffic-type", "ALL")
        self.assertEqual(sorted(self.lines()), sorted(self.own_records().splitlines(True)[1:]))
        self.check(self.lines())

    def test_over_the_socket(self):
        process = self.collector("--traffic-type", "ALL")
        self.told(process, "0 senders")
        forward, ports = self.balancer(lambda: self.start(
            tool("nlb-forward"), "run", "--records", "unix:logs", "--vpc-flow-log", self.own))
        self.told(process, "1 senders")
        self.flows(ports)
        forward.signal(signal.SIGTERM)
        self.assertEqual(forward.wait(), 0)
        self.told(process, "log_entries_taken 4,")
        process.signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)
        self.assertEqual(sorted(self.lines()), sorted(self.own_records().splitlines(True)[1:]))
        self.check(self.lines())
        self.assertEqual(glob.glob(os.path.join(self.logs, ".spool", "*.segment")), [])

    def told(self, process, wanted):
        """Asks for totals until they say so."""
        self.sender_is_up(process)
        while True:
            process.signal(signal.SIGUSR1)
            if wanted in process.err.wait_for(lambda line: " senders" in line):
                return

    def sender_is_up(self, process):
        """The signal is watched once the socket is there."""
        connection, _ = self.sender(process)
        connection.close()


if __name__ == "__main__":
    unittest.main()
