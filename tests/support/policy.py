# SPDX-License-Identifier: Apache-2.0
"""nlb-policy run with configurations of a line a group, and clients that speak to it."""

import json
import os
import socket

import nlbtest

POLICY = nlbtest.tool("nlb-policy")

HEAD = """
[[load_balancers]]
name = "front"
scheme = "internal"
[[load_balancers.zones]]
name = "a"
address = "127.0.1.1"
[[load_balancers.zones]]
name = "b"
address = "127.0.2.1"
"""


def group(name, port, targets):
    """A listener on `port` and the group it forwards to; targets is {address: zone}."""
    return (f"""
[[load_balancers.listeners]]
protocol = "TCP"
port = {port}
target_group = "{name}"
""", f"""
[[target_groups]]
name = "{name}"
protocol = "TCP"
port = 8080
target_type = "ip"
""" + "".join(f"""
[[target_groups.targets]]
id = "{address}"
zone = "{zone}"
""" for address, zone in targets.items()))


def configuration(*groups):
    made = [group(*g) for g in groups]
    return HEAD + "".join(m[0] for m in made) + "".join(m[1] for m in made)


WEB = ("web", 80, {"10.0.1.1": "a", "10.0.1.2": "a", "10.0.2.1": "b"})
API = ("api", 81, {"10.0.1.9": "a"})


def messages(text):
    return [json.loads(line) for line in text.splitlines()]


def sets(lines):
    """[(set-begin, [lines], set-end)], and the messages outside of sets."""
    found, outside, current = [], [], None
    for message in lines:
        if message["type"] == "set-begin":
            current = (message, [])
        elif message["type"] == "set-end":
            found.append((*current, message))
            current = None
        elif current:
            current[1].append(message)
        else:
            outside.append(message)
    return found, outside


def health(scope, target, state, **more):
    return {"type": "target-health", "group": scope, "target": target, "state": state, **more}


def eligible(lines, zone):
    return [m["target"] for m in lines
            if m["type"] == "route" and m["zone"] == zone and m["eligible"]]


class Client:
    """A connection to the daemon; reads with the deadline of every wait."""

    def __init__(self, test, path, **hello):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        test.addCleanup(self.socket.close)
        self.lines = nlbtest.Lines(self.socket.makefile("rb"))
        if hello:
            self.send({"type": "hello", "contract": 1, "tool": "test",
                       "instance": "00000000000000cc", **hello})

    def send(self, *lines):
        for line in lines:
            data = line if isinstance(line, bytes) else json.dumps(line).encode()
            self.socket.sendall(data + b"\n")

    def next_sets(self):
        """The next sets up to the one without `more`."""
        got = []
        while True:
            message = json.loads(self.lines.wait_for(lambda line: True))
            got.append(message)
            if message["type"] == "set-end" and not message.get("more"):
                return sets(got)[0]


class DaemonTestCase(nlbtest.TestCase):
    def setUp(self):
        super().setUp()
        self.file = self.write("nlb.toml", configuration(WEB, API))
        self.socket = os.path.join(self.dir, "policy.sock")

    def serve(self, *words, **options):
        process = self.start(POLICY, "run", self.file, *words, **options)
        process.err.wait_for(lambda line: "serving" in line)
        return process

    def client(self, **hello):
        return Client(self, self.socket, **hello)
