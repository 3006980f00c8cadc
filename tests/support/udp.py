# SPDX-License-Identifier: Apache-2.0
"""Targets and clients that speak UDP."""

import os
import socket
import threading

import nlbtest

LARGEST = 65507  # bytes of payload in an IPv4 datagram


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Target:
    """Answers each datagram with `name` and what it said; `seen` are the ends it heard from."""

    def __init__(self, name=b"", address="127.0.0.1", port=0):
        self.name, self.seen, self.heard = name, [], 0
        self._socket = socket.socket(family_of(address), socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self.address, self.port = self._socket.getsockname()[:2]
        self._end = os.urandom(16)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with self._socket:
            while True:
                data, sender = self._socket.recvfrom(65536)
                if data == self._end:
                    return
                self.heard += 1
                if sender not in self.seen:
                    self.seen.append(sender)
                self._socket.sendto(self.name + data, sender)

    def close(self):
        """Afterwards its port is closed."""
        if self._thread.is_alive():
            with socket.socket(family_of(self.address), socket.SOCK_DGRAM) as stop:
                stop.sendto(self._end, (self.address, self.port))
            self._thread.join(nlbtest.DEADLINE)


class Client:
    """A socket connected to a listener: it hears nobody else."""

    def __init__(self, port, address="127.0.0.1", source=None):
        self.socket = socket.socket(family_of(address), socket.SOCK_DGRAM)
        self.socket.settimeout(nlbtest.DEADLINE)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect((address, port))
        self.port = self.socket.getsockname()[1]

    def send(self, data):
        self.socket.send(data)

    def receive(self):
        return self.socket.recv(65536)

    def ask(self, data=b"?"):
        self.send(data)
        return self.receive()

    def close(self):
        self.socket.close()
