# SPDX-License-Identifier: Apache-2.0
"""nlb-forward run: a target that takes no connection, and the others that may be tried."""

import queue
import socket
import threading

import nlbtest
import proxyheader
from forwarder import Forwarder, listener, route, routing, was_reset


class Retries(Forwarder):
    ONE = ("--connect-retries", "1")

    def beside(self, bad, options, **more):
        """A forwarder to a good target and to one at the port `bad`: (process, port)."""
        good, port = self.serve(nlbtest.echo), nlbtest.free_port()
        forward = self.forward(listener(port), routing(**more), route(good.port, "good"),
                               route(bad, "bad"), options=options)
        return forward, port

    def test_without_them_a_refusal_reaches_the_client(self):
        forward, port = self.beside(nlbtest.free_port(), ())
        while not was_reset(lambda: self.ended(port)):
            pass
        self.assertEqual(self.flow(forward, end="target-refused")["target"], "bad")

    def ended(self, port):
        client = self.connect(port)
        client.shutdown(socket.SHUT_WR)
        return client

    def test_another_target_takes_what_one_refused(self):
        forward, port = self.beside(nlbtest.free_port(), self.ONE)
        clients = [self.connect(port) for _ in range(50)]
        for number, client in enumerate(clients):
            client.sendall(str(number).encode())
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(nlbtest.read_all(client), str(number).encode())
        for _ in clients:
            flow = self.flow(forward)
            self.assertEqual((flow["end"], flow["target"]), ("closed", "good"))
        self.assertEqual(self.counter(forward, "NewFlowCount"), 50)
        self.assertEqual(self.counter(forward, "ActiveFlowCount"), 0)

    def test_evidence_is_told_of_the_target_that_refused(self):
        forward, port = self.beside(nlbtest.free_port(), self.ONE)
        found = threading.Event()

        def watch():
            line = forward.out.wait_for_message("target-evidence")
            self.assertEqual((line["target"], line["kind"]), ("bad", "refused"))
            found.set()

        watcher = threading.Thread(target=watch)
        watcher.start()
        while not found.is_set() and watcher.is_alive():
            self.assertFalse(was_reset(lambda: self.ended(port)))
        watcher.join()
        self.assertTrue(found.is_set())

    def test_another_target_takes_what_one_did_not_answer(self):
        full = self.silent_port()
        forward, port = self.beside(full, (*self.ONE, "--connect-timeout", "1"))
        for client in [self.connect(port) for _ in range(10)]:
            client.sendall(b"x")
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(nlbtest.read_all(client), b"x")

    def test_when_all_refuse_the_client_is_reset(self):
        port = nlbtest.free_port()
        forward = self.forward(listener(port), routing(), route(nlbtest.free_port(), "one"),
                               route(nlbtest.free_port(), "two"),
                               options=("--connect-retries", "16"))
        self.assertTrue(was_reset(lambda: self.connect(port)))
        self.assertEqual(self.flow(forward)["end"], "target-refused")
        self.assertEqual(self.counter(forward, "TCP_Target_Reset_Count"), 1)

    def test_the_header_is_written_once_and_by_the_one_that_is_connected(self):
        headers = queue.Queue()

        def serve(connection):
            headers.put(proxyheader.parse(proxyheader.read(connection)))
            nlbtest.echo(connection)

        good, port = self.serve(serve), nlbtest.free_port()
        self.forward(listener(port), routing(proxy_protocol_v2=True), route(good.port, "good"),
                     route(nlbtest.free_port(), "bad"), options=self.ONE)
        for _ in range(20):
            client = self.connect(port)
            client.sendall(b"data")
            self.assertEqual(client.recv(10), b"data")
            self.assertEqual(headers.get(timeout=nlbtest.DEADLINE).source, client.getsockname())


if __name__ == "__main__":
    nlbtest.main()
