# SPDX-License-Identifier: Apache-2.0
"""nlb-forward run: bytes, ends, resets and pressure through it."""

import hashlib
import os
import queue
import resource
import socket
import threading

import nlbtest
from forwarder import MIB, Forwarder, listener, route, routing, was_reset


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

        digests = queue.Queue()  # the target may still be hashing when the proxy is done

        def both(connection):
            sender = threading.Thread(target=source, args=(connection,))
            sender.start()
            digests.put(digest(connection))
            sender.join()

        server = self.serve(both)
        forward, port = self.to(server)
        client = self.connect(port)
        client.settimeout(120)
        both(client)
        flow = forward.out.wait_for_message("flow", 120)
        for _ in range(2):
            self.assertEqual(digests.get(timeout=120), expected.hexdigest())
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
        self.assertTrue(was_reset(lambda: self.connect(port)))
        self.assertEqual(self.flow(forward)["end"], "target-refused")
        evidence = forward.out.wait_for_message("target-evidence")
        self.assertEqual((evidence["kind"], evidence["count"]), ("refused", 1))

    def test_silence_of_the_target_reaches_the_client_as_a_reset(self):
        port = nlbtest.free_port()
        forward = self.forward(listener(port), routing(), route(self.silent_port()),
                               options=("--connect-timeout", "1"))
        self.assertTrue(was_reset(lambda: self.connect(port)))
        self.assertEqual(self.flow(forward)["end"], "target-timeout")
        evidence = forward.out.wait_for_message("target-evidence")
        self.assertEqual((evidence["kind"], evidence["count"]), ("silent", 1))

    def test_without_targets_clients_are_reset(self):
        port = nlbtest.free_port()
        forward = self.forward(listener(port), routing(), route(1, eligible=False))
        self.assertTrue(was_reset(lambda: self.connect(port)))
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


if __name__ == "__main__":
    nlbtest.main()
