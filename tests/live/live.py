# SPDX-License-Identifier: Apache-2.0
"""What every live scenario stands on: a client, a node and targets in namespaces, nlb-forward on
the node, and the environment to run it in.

NLB_LIVE names the environment, DATAPATH[-tx-off]: proxy, tc, tc-tx-off or xdp. With tx-off nobody
leaves checksums for a device to complete, so that every packet is seen as it would be on a wire.
"""

import collections
import hashlib
import os
import shutil
import socket
import sys
import threading
import unittest

import netns
import nlbtest
from forwarder import GROUP, LISTENER, Forwarder, listener, route, route_set, routing

ENVIRONMENT = os.environ.get("NLB_LIVE", "tc")
DATAPATH, _, VARIANT = ENVIRONMENT.partition("-")
TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLIENT_IP = os.path.join(TREE, "examples", "client-ip")
SKIPPED = 77  # SKIP_RETURN_CODE of CMakeLists.txt
PORT = 80
OTHER_GROUP = "targetgroup/other/fedcba9876543210"
OTHER_LISTENER = "listener/net/lb/0123456789abcdef/0123456789abcdef"


Endpoint = collections.namedtuple("Endpoint", "address port")  # a target that no server of ours is


def packets_only(test):
    """For what only packets have: the proxy does without, as nlb-forward(8) says."""
    return unittest.skipIf(DATAPATH == "proxy", "not of the proxy")(test)


def take_replies_in(node, word="up", **options):
    """What a node needs so that sockets can keep clients' addresses; packets need nothing."""
    if DATAPATH == "proxy":
        return node.run(CLIENT_IP, word, **options)
    return None


def peer(connection):
    """A server that says whom it sees, and goes on as an echo."""
    address, port = connection.getpeername()[:2]
    connection.sendall(f"{address} {port}\n".encode())
    nlbtest.echo(connection)


def named(name):
    """A server that says its name, and goes on as an echo."""

    def serve(connection):
        connection.sendall(name.encode() + b"\n")
        nlbtest.echo(connection)

    return serve


class UdpServer:
    """Answers every datagram with answer(data, peer), or not at all when that is None."""

    def __init__(self, address, port, answer=lambda data, sender: data):
        self.address, self.port = address, port
        self.senders = []
        self._answer = answer
        self._socket = udp_socket(address, port)
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            data, sender = self._socket.recvfrom(65536)
            if not data and sender[0] == self.address:
                return
            self.senders.append(sender[:2])
            if (answer := self._answer(data, sender)) is not None:
                self._socket.sendto(answer, sender)

    def close(self):
        if self._thread.is_alive():
            self._socket.sendto(b"", (self.address, self.port))  # wakes the thread
            self._thread.join(nlbtest.DEADLINE)
        self._socket.close()


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def udp_socket(address, port=0):
    sock = socket.socket(family_of(address), socket.SOCK_DGRAM)
    sock.settimeout(nlbtest.DEADLINE)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
    sock.bind((address, port))
    return sock


def read_line(connection):
    """One line, byte by byte: what follows stays unread."""
    line = b""
    while not line.endswith(b"\n"):
        part = connection.recv(1)
        if not part:
            raise ConnectionError(f"ended after {line!r}")
        line += part
    return line.decode().strip()


def exchange(connection, data):
    """Sends data to an echo and reads as much; what came back."""
    connection.sendall(data)
    got = b""
    while len(got) < len(data):
        part = connection.recv(65536)
        if not part:
            raise ConnectionError(f"ended after {len(got)} of {len(data)} bytes")
        got += part
    return got


def send_hashed(connection, blocks, block):
    """Sends block so often, ends the direction; the digest of what was sent."""
    digest = hashlib.sha256()
    for _ in range(blocks):
        connection.sendall(block)
        digest.update(block)
    connection.shutdown(socket.SHUT_WR)
    return digest.hexdigest()


def receive_hashed(connection):
    """(bytes, digest) of everything until the end."""
    digest, count = hashlib.sha256(), 0
    while part := connection.recv(1 << 20):
        digest.update(part)
        count += len(part)
    return count, digest.hexdigest()


class TestCase(Forwarder):
    """self.net is the network; targets, connections and datagrams happen in it."""

    shape = "through"  # of the network
    knows_neighbors = DATAPATH == "xdp"  # from the start, as a node does that checks its targets

    def setUp(self):
        netns.require()
        super().setUp()
        self.net = netns.Network(self.shape)
        self.addCleanup(self.net.close)
        self.addCleanup(shutil.rmtree, f"{netns.PINS}/{self.net.node.name}", ignore_errors=True)
        self.prefix = self.net.node.command()
        self.prepare_network()

    def prepare_network(self):
        """XDP sees no half-made checksums, and hands packets only to a device whose far end has
        NAPI, which receive offload brings."""
        for space in self.net.spaces:
            for interface in self.net.interfaces(space):
                if DATAPATH == "xdp" or VARIANT == "tx-off":
                    space.features(interface, tx="off")
                if DATAPATH == "xdp" and space is not self.net.node:
                    space.features(interface, gro="on")
        if self.knows_neighbors:
            self.net.meet_neighbors()

    # ---- the node ----

    def options(self):
        """What nlb-forward is started with here."""
        if DATAPATH == "proxy":
            return []
        words = ["--datapath", "kernel", "--node", self.net.node.name, "--hook", DATAPATH,
                 "--flow-table", "65536"]
        for interface in self.net.interfaces(self.net.node):
            words += ["--interface", interface]
        return words

    def forward(self, *lines, options=(), **more):
        return super().forward(*lines, options=(*self.options(), *options), **more)

    def lines(self, servers, port=PORT, protocol="TCP", node=None, group=GROUP, name=LISTENER,
              idle_ms=350000, states=None, **more):
        """The lines of a group: states gives the servers that are not healthy theirs, more goes
        to the routing line."""
        six = ":" in servers[0].address
        node = node or (self.net.NODE6 if six else self.net.NODE)
        out = [listener(port, node, name, idle_ms=idle_ms, protocol=protocol, group=group),
               routing(**{"source": node, "group": group, **more})]
        fails_open = more.get("mode") == "fail-open"
        for server in servers:
            state = (states or {}).get(server, "healthy")
            takes = state == "healthy" or fails_open
            out.append(route(server.port, f"{server.address}:{server.port}", takes,
                             address=server.address, group=group, state=state,
                             reason="fail-open" if fails_open else state))
        return out

    def balance(self, servers, options=(), **more):
        """nlb-forward in front of these servers."""
        return self.forward(*self.lines(servers, **more), options=options)

    # ---- the targets ----

    def target(self, number=0, serve=nlbtest.echo, port=7000, six=False):
        address = (self.net.TARGETS6 if six else self.net.TARGETS)[number]
        with self.net.targets.entered():
            return self.serve(serve, address=address, port=port)

    def udp_target(self, number=0, port=7000, six=False, **more):
        address = (self.net.TARGETS6 if six else self.net.TARGETS)[number]
        with self.net.targets.entered():
            server = UdpServer(address, port, **more)
        self.addCleanup(server.close)
        return server

    # ---- the client ----

    def connect(self, port=PORT, address=None, source=None, timeout=nlbtest.DEADLINE):
        with self.net.client.entered():
            connection = socket.create_connection((address or self.net.NODE, port), timeout,
                                                  source_address=(source, 0) if source else None)
        self.addCleanup(connection.close)
        return connection

    def datagrams(self, port=PORT, address=None, source=None):
        """A connected UDP socket."""
        address = address or self.net.NODE
        with self.net.client.entered():
            mine = self.net.CLIENTS6[0] if ":" in address else self.net.CLIENTS[0]
            sock = udp_socket(source or mine)
        self.addCleanup(sock.close)
        sock.connect((address, port))
        return sock


def main():
    """Ends with SKIPPED when nothing could run."""
    program = unittest.main(module="__main__", verbosity=2, exit=False)
    result = program.result
    if result.wasSuccessful() and result.testsRun == len(result.skipped):
        sys.exit(SKIPPED)
    sys.exit(not result.wasSuccessful())
