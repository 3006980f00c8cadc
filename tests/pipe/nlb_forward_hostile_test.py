# SPDX-License-Identifier: Apache-2.0
"""nlb-forward run: peers that do what no honest one does, in every order, and programs that press hard."""

import json
import random
import shutil
import signal
import socket
import sys
import threading

import balancer
import nlbtest
import udp
from forwarder import MIB, Forwarder, listener, route, route_set, routing

STREAM = random.Random(7).randbytes(1 << 18)
# A target in a process of its own, which never stops sending.
ENDLESS = """
import socket, threading
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
def serve(one):
    while True: one.sendall(bytes(65536))
while True: threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
"""


def read(connection, count):
    """Exactly so many bytes, less only at the end."""
    got = bytearray()
    while len(got) < count and (part := connection.recv(count - len(got))):
        got += part
    return bytes(got)


class End:
    """One end of a connection, which plays a list of moves: send, end its direction, read to the end, reset."""

    def __init__(self, connection, moves):
        self.connection, self.moves = connection, moves
        self.sent, self.got = 0, bytearray()
        self.ended = False  # the other side's end of data was read
        self.failed = False

    def play(self):
        try:
            for move, size in self.moves:
                getattr(self, move)(size)
        except OSError:
            self.failed = True
        finally:
            self.connection.close()

    def send(self, size):
        self.connection.sendall(STREAM[self.sent:self.sent + size])
        self.sent += size

    def drain(self, _):
        while part := self.connection.recv(65536):
            self.got += part
        self.ended = True

    def finish(self, _):
        self.connection.shutdown(socket.SHUT_WR)

    def reset(self, _):
        nlbtest.reset_on_close(self.connection)
        self.connection.close()


def moves_of(dice, honest):
    """Some sends, and an end: with a reset, without reading what is left, or as it should be."""
    sends = [("send", dice.choice((0, 1, 100, 5000, 60000))) for _ in range(dice.randrange(4))]
    if honest:
        return [*sends, ("finish", 0), ("drain", 0)]
    last = dice.choice(([("reset", 0)], [], [("finish", 0)], [("finish", 0), ("reset", 0)]))
    return [*sends, *last]


class Orders(Forwarder):
    """Data, FIN and RST of both sides in random order."""

    def check(self, seed, threads):
        dice = random.Random(seed)
        scripts, ends, lock = {}, [], threading.Lock()

        def serve(connection):
            name = connection.recv(4, socket.MSG_WAITALL)
            if len(name) == 4:
                with lock:
                    end = End(connection, scripts[name])
                    ends.append((name, end))
                end.play()

        forward, port = self.to(self.serve(serve), threads=threads)
        clients = {}
        for number in range(200):
            name = number.to_bytes(4, "big")
            honest = dice.random() < 0.5
            scripts[name] = moves_of(dice, honest)
            client = End(self.connect(port), moves_of(dice, honest))
            client.honest = honest
            client.connection.sendall(name)
            clients[name] = client
        players = [threading.Thread(target=client.play) for client in clients.values()]
        for player in players:
            player.start()
        for player in players:
            player.join()
        for _ in clients:
            self.flow(forward)
        self.assertEqual(self.counter(forward, "ActiveFlowCount"), 0)
        self.check_bytes(clients, dict(ends))

    def check_bytes(self, clients, targets):
        for name, client in clients.items():
            target = targets.get(name)
            if target is None:
                self.assertFalse(client.honest)
                continue
            for one, other in ((client, target), (target, client)):
                self.assertEqual(one.got, STREAM[:len(one.got)])
                self.assertLessEqual(len(one.got), sum(size for move, size in other.moves
                                                       if move == "send"))
                if client.honest:
                    self.assertEqual((one.failed, one.ended, len(one.got)),
                                     (False, True, other.sent))

    def test_of_many_connections(self):
        for seed in range(3):
            with self.subTest(seed=seed):
                self.check(seed, threads=1 + seed)


class Pressure(Forwarder):
    def assert_served(self, port):
        with self.connect(port) as client:
            client.sendall(b"x")
            self.assertEqual(client.recv(1), b"x")

    def test_a_target_that_reads_nothing_stops_its_clients_and_nobody_else(self):
        """Its window is zero; what clients may send before they have to wait is bounded."""
        over = threading.Event()
        self.addCleanup(over.set)
        deaf = self.serve(lambda connection: over.wait(nlbtest.DEADLINE))
        forward, port = self.to(deaf)
        other = self.forward(listener(other_port := nlbtest.free_port()), routing(),
                             route(self.serve(nlbtest.echo).port))
        clients = [self.connect(port) for _ in range(10)]
        for client in clients:
            client.setblocking(False)
        now, unchanged = 0, 0
        while unchanged < 20:
            for client in clients:
                self.send_some(client)
            last, now = now, self.counter(forward, "ProcessedBytes")
            unchanged = unchanged + 1 if now == last else 0
        self.assertLess(now, len(clients) * 16 * MIB)
        self.assert_served(other_port)
        self.assertIsNone(other.popen.poll())
        over.set()  # it closes with bytes unread: a reset
        for _ in clients:
            self.assertEqual(self.flow(forward)["end"], "target-reset")

    @staticmethod
    def send_some(client):
        try:
            for _ in range(16):
                client.send(bytes(65536))
        except BlockingIOError:
            pass

    def test_clients_that_send_a_byte_now_and_then_leave_room_for_others(self):
        """Slow loris: many requests that never end."""
        forward, port = self.to(self.serve(nlbtest.echo))
        slow = [self.connect(port) for _ in range(300)]
        for byte in b"GET / HTTP/1.1\r\nX-":
            for client in slow:
                client.sendall(bytes([byte]))
            self.assert_served(port)
        for client in slow:
            self.assertEqual(read(client, 18), b"GET / HTTP/1.1\r\nX-")
        self.assertGreaterEqual(self.counter(forward, "ActiveFlowCount"), len(slow))

    def test_a_target_process_that_is_killed_in_mid_stream(self):
        target = self.start(sys.executable, "-c", ENDLESS)
        bad, good = int(target.out.next()), self.serve(nlbtest.echo)
        forward = self.forward(listener(port := nlbtest.free_port()), routing(), route(bad))
        clients = [self.connect(port) for _ in range(20)]
        for client in clients:
            self.assertEqual(len(read(client, 100_000)), 100_000)
        draining = route(bad, eligible=False, state="draining", reason="draining")
        self.apply(forward, listener(port), routing(), draining, route(good.port))
        self.assert_served(port)
        self.assertEqual(self.flow(forward)["end"], "closed")
        target.signal(signal.SIGKILL)
        for client in clients:
            self.assertTrue(self.is_over(client))
            client.close()
        for _ in clients:
            self.assertIn(self.flow(forward)["end"], ("target-reset", "client-reset", "closed"))
        self.assertEqual(self.counter(forward, "ActiveFlowCount"), 0)
        self.assert_served(port)

    @staticmethod
    def is_over(client):
        """Reads on until the stream ends, or is reset."""
        try:
            while client.recv(1 << 20):
                pass
        except ConnectionResetError:
            pass
        return True


class Storms(Forwarder):
    """Route-sets as fast as they can be written, while clients come and go."""

    def storm(self, threads):
        servers = [self.serve(nlbtest.echo) for _ in range(3)]
        forward, port = self.to(*servers, threads=threads)
        load = balancer.Load(lambda: self.connect(port), connections=4, keep=False)
        self.addCleanup(load.stop)
        load.wait_more(10)
        other = "listener/net/lb/0123456789abcdef/0123456789abcdef"
        second = nlbtest.free_port()
        for change in range(100):
            kept = [s for i, s in enumerate(servers) if i != change % 3]
            more = [listener(second, name=other)] if change % 2 else []
            self.apply(forward, listener(port), *more, routing(), *[route(s.port) for s in kept],
                       wait=False)
        forward.out.wait_for_message("route-applied", generation=self.generation)
        load.wait_more(50)
        load.stop()
        self.assertEqual(load.failures, [])
        with self.connect(second) as client:
            client.sendall(b"x")
            self.assertEqual(client.recv(1), b"x")

    def test_lose_nothing(self):
        for threads in (1, 4):
            with self.subTest(threads=threads):
                self.storm(threads)

    def test_a_listener_that_goes_lets_its_transfers_end(self):
        forward, port = self.to(self.serve(lambda c: c.sendall(bytes(32 * MIB))))
        clients = [self.connect(port) for _ in range(8)]
        for client in clients:
            self.assertEqual(client.recv(1), b"\0")
        self.apply(forward, routing())
        for client in clients:
            self.assertEqual(len(nlbtest.read_all(client)), 32 * MIB - 1)


class Datagrams(Forwarder):
    """Floods of new flows, to a target that nobody is at: each datagram comes back as an ICMP error."""

    def flood(self, port, stop):
        while not stop.is_set():
            for _ in range(200):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                    for size in (0, 1, 1400):
                        sender.sendto(bytes(size), ("127.0.0.1", port))

    def check(self, threads):
        good, group = udp.Target(), "targetgroup/other/fedcba9876543210"
        self.addCleanup(good.close)
        port, flooded, nobody = nlbtest.free_port(), nlbtest.free_port(), nlbtest.free_port()
        name = "listener/net/lb/0123456789abcdef/0123456789abcdef"
        forward = self.forward(listener(port, protocol="UDP"), routing(), route(good.port),
                               threads=threads)

        def change(generation, *lines):
            forward.send(*route_set(generation, *lines, scope=group))
            forward.out.wait_for_message("route-applied", generation=generation)

        lines = (listener(flooded, name=name, group=group, protocol="UDP"), routing(group=group),
                 route(nobody, group=group))
        change(2, *lines)
        stop = threading.Event()
        senders = [threading.Thread(target=self.flood, args=(flooded, stop)) for _ in range(2)]
        for sender in senders:
            sender.start()
        self.addCleanup(stop.set)
        for generation in range(3, 23):  # the flooded listener goes and comes back
            change(generation, *(lines if generation % 2 else ()))
            client = udp.Client(port)
            self.addCleanup(client.close)
            self.assertEqual(client.ask(b"hello"), b"hello")
        stop.set()
        for sender in senders:
            sender.join()
        self.assertIsNone(forward.popen.poll())

    def test_disturb_nobody_else(self):
        for threads in (1, 3):
            with self.subTest(threads=threads):
                self.check(threads)


class Iperf(Forwarder):
    def setUp(self):
        super().setUp()
        self.program = shutil.which("iperf3")
        self.assertIsNotNone(self.program, "iperf3 is not installed")
        target, self.port = nlbtest.free_port(), nlbtest.free_port()
        server = self.start(self.program, "--server", "--forceflush", "--bind", "127.0.0.1",
                            "--port", str(target))
        server.out.wait_for(lambda line: "Server listening" in line)
        self.forwarder = self.forward(listener(self.port, protocol="TCP_UDP"), routing(),
                                      route(target))

    def measure(self, *words):
        status, out, err = self.run_tool(self.program, "--client", "127.0.0.1", "--port",
                                         str(self.port), "--json", *words)
        self.assertEqual(status, 0, err)
        return json.loads(out)["end"]

    def test_streams_in_both_directions(self):
        for words in ((), ("--reverse",), ("--bidir",)):
            end = self.measure("--bytes", "32M", "--parallel", "4", *words)
            self.assertGreaterEqual(end["sum_sent"]["bytes"], 32 << 20)

    def test_datagrams(self):
        end = self.measure("--udp", "--bitrate", "20M", "--bytes", "2M", "--length", "1200")
        self.assertGreaterEqual(end["sum"]["bytes"], 2 << 20)
        self.assertLess(end["sum"]["lost_packets"], end["sum"]["packets"] / 10)


if __name__ == "__main__":
    nlbtest.main()
