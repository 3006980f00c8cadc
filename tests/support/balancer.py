# SPDX-License-Identifier: Apache-2.0
"""A whole balancer for tests: a configuration, targets, and the three daemons.

Nodes and targets have addresses of 127/8 and ports that were free a moment ago."""

import json
import os
import resource
import socket
import threading

import nlbtest

ZONES = {"local-1a": "127.0.1.1", "local-1b": "127.0.2.1"}


def raise_file_limit():
    """Thousands of connections need as many descriptors, here and in what is started."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def port_free_on(addresses):
    """A port that was free on all of these addresses a moment ago."""
    for _ in range(100):
        port = nlbtest.free_port(addresses[0])
        try:
            for address in addresses[1:]:
                socket.create_server((address, port)).close()
            return port
        except OSError:
            continue
    raise AssertionError(f"no port is free on all of {addresses}")


def toml(port, targets, zones=None, attributes=None, group_attributes=None, check=None):
    """nlb.toml with one balancer, one TCP listener, one group; targets are (address, port, zone)."""
    zones = zones or ZONES
    check = {"interval_seconds": 5, "timeout_seconds": 2, "healthy_threshold_count": 2,
             "unhealthy_threshold_count": 2, **(check or {})}
    attributes = {"load_balancing.cross_zone.enabled": True, **(attributes or {})}
    lines = ['[[load_balancers]]', 'name = "edge"', 'scheme = "internal"',
             '[load_balancers.attributes]',
             *(f"{key} = {json.dumps(value)}" for key, value in attributes.items())]
    for name, address in zones.items():
        lines += ['[[load_balancers.zones]]', f'name = "{name}"', f'address = "{address}"']
    lines += ['[[load_balancers.listeners]]', 'protocol = "TCP"', f'port = {port}',
              'target_group = "web"', '[[target_groups]]', 'name = "web"', 'protocol = "TCP"',
              f'port = {targets[0][1]}', 'target_type = "ip"', '[target_groups.health_check]',
              *(f"{key} = {json.dumps(value)}" for key, value in check.items()),
              '[target_groups.attributes]',
              *(f"{key} = {json.dumps(value)}" for key, value in (group_attributes or {}).items())]
    for address, target_port, zone in targets:
        lines += ['[[target_groups.targets]]', f'id = "{address}"', f'port = {target_port}',
                  f'zone = "{zone}"']
    return "\n".join(lines) + "\n"


def small_toml(port=None, target_port=9):
    """nlb.toml with one node, 127.0.0.1, and one target there; without a port no listener."""
    lines = ['[[load_balancers]]', 'name = "web"',
             'zones = [{ name = "a", address = "127.0.0.1" }]']
    if port is not None:
        lines.append('listeners = [{ protocol = "TCP", port = %d, target_group = "web" }]' % port)
    lines += ['[[target_groups]]', 'name = "web"', 'protocol = "TCP"', f'port = {target_port}',
              'target_type = "ip"', 'targets = [{ id = "127.0.0.1", zone = "a" }]']
    return "\n".join(lines) + "\n"


class Tap:
    """A listener in front of a Unix socket that passes bytes on and keeps the lines.

    `sent` are the lines of those who connect here (nlb-forward), `received` those of the socket
    behind (nlb-policy). Survives the end of either side, as the socket itself would.
    """

    def __init__(self, path, behind):
        self.behind = behind
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.sent, self._sent = self._lines()
        self.received, self._received = self._lines()
        threading.Thread(target=self._run, daemon=True).start()

    @staticmethod
    def _lines():
        read, write = os.pipe()
        return nlbtest.Lines(os.fdopen(read, "rb")), os.fdopen(write, "wb", buffering=0)

    def _run(self):
        while True:
            try:
                front, _ = self.listener.accept()
            except OSError:
                return
            back = socket.socket(socket.AF_UNIX)
            try:
                back.connect(self.behind)
            except OSError:
                front.close()
                back.close()
                continue
            threading.Thread(target=self._serve, args=(front, back), daemon=True).start()

    def _serve(self, front, back):
        with front, back:
            answers = threading.Thread(target=self._pass, args=(back, front, self._received))
            answers.start()
            self._pass(front, back, self._sent)
            answers.join()

    @staticmethod
    def _pass(source, sink, copy):
        line = b""
        try:
            while data := source.recv(65536):
                whole, newline, line = (line + data).rpartition(b"\n")
                copy.write(whole + newline)
                sink.sendall(data)
        except (OSError, ValueError):
            pass  # one side was killed, or the test ended; the other learns it by the shutdown
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def forget(self):
        """Drops the lines that nobody has waited for."""
        self.sent.drop()
        self.received.drop()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._sent.close()
        self._received.close()


def routed_generation(lines, eligible, deadline=nlbtest.DEADLINE):
    """Reads route-set lines until every zone routes to exactly these targets (ADDRESS:PORT);
    the generation of that set."""
    generation, routes = 0, {}
    while True:
        line = lines.next(deadline)
        if line is None:
            raise AssertionError(f"the route-sets ended; seen: {lines.tail()}")
        message = json.loads(line)
        if message["type"] == "set-begin" and message["set"] == "route-set":
            generation, routes = message["generation"], {}
        elif message["type"] == "route" and message["eligible"]:
            routes.setdefault(message["zone"], set()).add(message["target"])
        elif message["type"] == "set-end" and routes:
            if all(targets == set(eligible) for targets in routes.values()):
                return int(generation)


def wait_applied(lines, generation):
    """Until a forwarder says that all its threads work with this generation or a later one."""
    while True:
        message = lines.wait_for_message("route-applied")
        if int(message["generation"]) >= generation:
            return message


class TestCase(nlbtest.TestCase):
    """A test with a balancer: self.servers are the targets, self.config names the file."""

    zones = ZONES

    def setUp(self):
        super().setUp()
        raise_file_limit()
        self.port = port_free_on(list(self.zones.values()))
        self.servers = []
        self.daemons = {}
        self.taps = {}

    def serve(self, function, zone, address="127.0.0.1"):
        """One more target. Its checks are connections that open and close."""
        server = nlbtest.Server(function, address)
        server.zone = zone
        server.key = f"{server.address}:{server.port}"
        self.addCleanup(server.close)
        self.servers.append(server)
        return server

    def configure(self, **options):
        targets = [(s.address, s.port, s.zone) for s in self.servers]
        self.config = self.write("nlb.toml", toml(self.port, targets, self.zones, **options))
        return self.config

    def nodes(self):
        return list(self.zones.values())

    def tap(self, name):
        """A folder of sockets for one nlb-forward, so that what it says can be waited for."""
        folder = os.path.join(self.dir, name)
        if name not in self.taps:
            os.mkdir(folder)
            self.taps[name] = Tap(os.path.join(folder, "policy.sock"),
                                  os.path.join(self.dir, "policy.sock"))
            self.addCleanup(self.taps[name].close)
        return folder

    def start_daemon(self, name, *more, words=None, tap="tap"):
        """Starts nlb-policy, nlb-health or nlb-forward as in nlb(7); also after a kill."""
        words = words or {"nlb-policy": ["run", getattr(self, "config", "")],
                          "nlb-health": ["run", "--input", "unix:policy"],
                          "nlb-forward": ["run", "--input", "unix:policy"]}[name]
        for old in self.taps.values():
            old.forget()
        env = {"NLB_RUNTIME_DIR": self.tap(tap)} if name == "nlb-forward" else {}
        self.daemons[name] = self.start(nlbtest.tool(name), *words, *more, env=env)
        return self.daemons[name]

    def start_daemons(self):
        for name in ("nlb-policy", "nlb-health", "nlb-forward"):
            self.start_daemon(name)
        self.wait_routed()

    def wait_routed(self, *servers, tap="tap"):
        """Until every node routes to exactly these servers (default: all), in every thread."""
        keys = {s.key for s in servers or self.servers}
        tap = self.taps[tap]
        wait_applied(tap.sent, routed_generation(tap.received, keys))

    def connect(self, node=None, timeout=nlbtest.DEADLINE):
        connection = socket.create_connection((node or self.nodes()[0], self.port), timeout)
        self.addCleanup(connection.close)
        return connection

    def say(self, text=b"", node=None):
        """One connection: sends text, ends its direction, returns all that comes back."""
        with self.connect(node) as connection:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            return nlbtest.read_all(connection)

    def answers(self, count):
        """Who answers so many connections, spread over the nodes: {answer: times}."""
        seen = {}
        for i in range(count):
            answer = self.say(node=self.nodes()[i % len(self.nodes())]).decode()
            seen[answer] = seen.get(answer, 0) + 1
        return seen


class Load:
    """Threads that exchange messages with the balancer all the time, until stop().

    `exchanges` counts round trips, `failures` holds what went wrong, with the connection's number.
    """

    def __init__(self, connect, connections=8, keep=True):
        self.connect = connect
        self.keep = keep
        self.stopping = threading.Event()
        self.lock = threading.Condition()
        self.exchanges = 0
        self.failures = []
        self.threads = [threading.Thread(target=self._run, args=(n,), daemon=True)
                        for n in range(connections)]
        for thread in self.threads:
            thread.start()

    def _exchange(self, connection, number, turn):
        text = f"{number}:{turn};".encode() * 100
        connection.sendall(text)
        got = b""
        while len(got) < len(text):
            part = connection.recv(65536)
            if not part:
                raise ConnectionError("ended early")
            got += part
        if got != text:
            raise ValueError("other bytes came back")
        with self.lock:
            self.exchanges += 1
            self.lock.notify_all()

    def _run(self, number):
        turn, connection = 0, None
        while not self.stopping.is_set():
            try:
                connection = connection or self.connect()
                self._exchange(connection, number, turn)
                turn += 1
                if not self.keep:
                    connection.close()
                    connection = None
                    self.stopping.wait(0.01)  # ports of ended connections stay taken for a minute
            except OSError as error:
                with self.lock:
                    self.failures.append((number, repr(error)))
                    self.lock.notify_all()
                if self.keep:
                    return
                connection = None
                self.stopping.wait(0.01)  # what fails at once would fail a million times
        if connection:
            connection.close()

    def wait_more(self, count):
        """Until so many further exchanges have succeeded."""
        with self.lock:
            goal = self.exchanges + count
            if not self.lock.wait_for(lambda: self.exchanges >= goal, nlbtest.DEADLINE):
                raise AssertionError(f"{goal - self.exchanges} exchanges are missing; failures: "
                                     f"{self.failures[-5:]}")

    def join(self):
        """Until the threads have ended. Those of kept connections do so by themselves when theirs
        has failed; stop() may end one before it notices that."""
        for thread in self.threads:
            thread.join(nlbtest.DEADLINE)

    def stop(self):
        self.stopping.set()
        self.join()


def environment_of(test):
    """Variables for shells that a test starts: our tools first on the PATH, its own sockets."""
    return {**os.environ, "PATH": f"{os.path.abspath(nlbtest.BIN)}:{os.environ['PATH']}",
            "NLB_RUNTIME_DIR": test.dir}
