# SPDX-License-Identifier: Apache-2.0
"""nlb-forward run --vpc-flow-log, of what sockets carry: two records a connection or UDP flow."""

import os
import signal
import unittest

import forwarder
import nlbtest
import udp
from forwarder import listener, route, routing

TCP_HEADERS, UDP_HEADERS = 20 + 32, 20 + 8  # of an IPv4 packet


class VpcFlowLog(forwarder.Forwarder):
    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.dir, "flows.log")
        self.port = nlbtest.free_port()

    def balance(self, *lines):
        return self.forward(*lines, routing(), options=("--vpc-flow-log", self.path))

    def records(self, forward):
        """Of what ended, once the process has."""
        forward.signal(signal.SIGTERM)
        self.assertEqual(forward.wait(), 0)
        with open(self.path, encoding="ascii") as file:
            lines = [line.split() for line in file]
        return [dict(zip(lines[0], line)) for line in lines[1:]]

    def ends(self, record):
        return (f'{record["srcaddr"]}:{record["srcport"]}',
                f'{record["dstaddr"]}:{record["dstport"]}')

    def test_a_connection_has_a_front_and_a_back(self):
        seen = []

        def answer(connection):
            seen.append(connection.getpeername()[1])
            nlbtest.echo(connection)

        server = self.serve(answer)
        forward = self.balance(listener(self.port), route(server.port))
        client = self.connect(self.port)
        client.sendall(b"hello")
        self.assertEqual(client.recv(5), b"hello")
        mine = client.getsockname()[1]
        client.close()
        self.flow(forward)
        front, back = self.records(forward)
        self.assertEqual(self.ends(front), (f"127.0.0.1:{mine}", f"127.0.0.1:{self.port}"))
        self.assertEqual(self.ends(back),
                         (f"127.0.0.1:{server.port}", f"127.0.0.1:{seen[0]}"))
        for record in (front, back):
            self.assertEqual((record["version"], record["protocol"], record["action"],
                              record["log-status"]), ("2", "6", "ACCEPT", "OK"))
            self.assertGreaterEqual(int(record["packets"]), 2)
            self.assertEqual(int(record["bytes"]), 5 + int(record["packets"]) * TCP_HEADERS)
            self.assertLessEqual(int(record["start"]), int(record["end"]))

    def test_datagrams(self):
        target = udp.Target()
        self.addCleanup(target.close)
        forward = self.balance(listener(self.port, protocol="UDP"), route(target.port))
        client = udp.Client(self.port)
        self.addCleanup(client.socket.close)
        for _ in range(3):
            client.send(b"seventy")
            self.assertEqual(client.socket.recv(16), b"seventy")
        front, back = self.records(forward)
        self.assertEqual(self.ends(front),
                         (f"127.0.0.1:{client.port}", f"127.0.0.1:{self.port}"))
        self.assertEqual(self.ends(back),
                         (f"127.0.0.1:{target.port}", f"127.0.0.1:{target.seen[0][1]}"))
        for record in (front, back):
            self.assertEqual((record["protocol"], record["packets"]), ("17", "3"))
            self.assertEqual(int(record["bytes"]), 3 * (7 + UDP_HEADERS))

    def test_who_is_turned_away_is_rejected(self):
        forward = self.balance(listener(self.port), route(1, eligible=False))
        self.assertTrue(forwarder.was_reset(lambda: self.connect(self.port)))
        self.flow(forward, end="no-target")
        front, = self.records(forward)
        self.assertEqual((front["dstport"], front["action"]), (str(self.port), "REJECT"))


if __name__ == "__main__":
    unittest.main()
