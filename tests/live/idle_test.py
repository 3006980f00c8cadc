# SPDX-License-Identifier: Apache-2.0
"""A silent flow is forgotten after the listener's idle timeout; whoever speaks next gets a RST."""

import threading

import live
import nlbtest
from forwarder import was_reset

IDLE_MS = 1000


class Idle(live.TestCase):
    def silent(self, serve=nlbtest.echo, **routing):
        """(forwarder, connection that was used once and whose flow has just timed out)."""
        forward = self.balance([self.target(0, serve)], idle_ms=IDLE_MS, **routing)
        client = self.connect()
        self.assertEqual(live.exchange(client, b"hello"), b"hello")
        flow = self.flow(forward, client_port=client.getsockname()[1])
        self.assertEqual(flow["end"], "idle-timeout")
        self.assertGreaterEqual(flow["duration_ms"], IDLE_MS)
        return forward, client

    def spoke_too_late(self, connection):
        """Whether what it sends is answered with a reset; the proxy reset it at the timeout."""
        try:
            connection.sendall(b"still there?")
        except ConnectionResetError:
            return True
        return was_reset(connection)

    def test_the_client_that_speaks_too_late_is_reset(self):
        forward, client = self.silent()
        self.assertTrue(self.spoke_too_late(client))
        self.assertEqual(self.counter(forward, "TCP_ELB_Reset_Count"),
                         1 if live.DATAPATH != "proxy" else 2)

    def test_the_target_that_speaks_too_late_is_reset(self):
        held = []

        def serve(connection):
            connection.sendall(connection.recv(100))
            held.append(connection)
            over.wait(nlbtest.DEADLINE)

        over = threading.Event()
        self.addCleanup(over.set)
        self.silent(serve)
        self.assertTrue(self.spoke_too_late(held[0]))

    def test_a_new_connection_works_after_one_timed_out(self):
        self.silent()
        self.assertEqual(live.exchange(self.connect(), b"again"), b"again")

    def test_data_keeps_a_flow_while_a_silent_one_times_out(self):
        forward = self.balance([self.target()], idle_ms=IDLE_MS)
        silent, busy = self.connect(), self.connect()
        self.assertEqual(live.exchange(silent, b"once"), b"once")
        flow = []
        waiting = threading.Thread(target=lambda: flow.append(self.flow(
            forward, client_port=silent.getsockname()[1], end="idle-timeout")))
        waiting.start()
        while waiting.is_alive():
            self.assertEqual(live.exchange(busy, b"more"), b"more")
            waiting.join(IDLE_MS / 1000 / 5)
        self.assertEqual(len(flow), 1)
        self.assertEqual(live.exchange(busy, b"still here"), b"still here")

    @live.packets_only
    def test_a_silent_udp_flow_is_a_new_one_afterwards(self):
        forward = self.balance([self.udp_target()], protocol="UDP", idle_ms=IDLE_MS)
        sock = self.datagrams()
        for _ in range(2):
            sock.send(b"hello")
            self.assertEqual(sock.recv(100), b"hello")
            self.flow(forward, client_port=sock.getsockname()[1], end="idle-timeout")


if __name__ == "__main__":
    live.main()
