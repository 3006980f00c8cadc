# SPDX-License-Identifier: Apache-2.0
"""What the tests of nlb-logs collect share: entries, messages, a collector and its senders."""

import glob
import json
import os
import socket
import subprocess

import nlbtest
from nlbtest import tool

ID = "net/web/50dc6c495c0c9188"


def entry(number, load_balancer=ID, time="2026-05-01T00:00:09"):
    """A finished line; `number` tells it from others (received_bytes)."""
    return (f"tls 2.0 {time} {load_balancer} g3d4b5e8bb8464cd 203.0.113.9:40000 10.0.0.1:443 12 4 "
            f"{number} 200 - - - TLS_AES_128_GCM_SHA256 tlsv13 x25519 www.example.com h2 h2 "
            f'"h2","http/1.1" {time}\n')


def message(number, **members):
    return json.dumps({
        "type": "tls-connection", "time_ms": 1777593609250, "elb": ID,
        "listener": "g3d4b5e8bb8464cd", "client_address": "203.0.113.9", "client_port": 40000,
        "destination_address": "10.0.0.1", "destination_port": 443, "connection_time_ms": 12,
        "tls_handshake_time_ms": 4, "received_bytes": number, "sent_bytes": 200,
        "tls_cipher": "TLS_AES_128_GCM_SHA256", "tls_protocol_version": "tlsv13",
        "tls_named_group": "x25519", "domain_name": "www.example.com", "alpn_fe_protocol": "h2",
        "alpn_be_protocol": "h2", "alpn_client_preference_list": "h2,http/1.1",
        "tls_connection_creation_time_ms": 1777593609250, **members}) + "\n"


class Collect(nlbtest.TestCase):
    def setUp(self):
        super().setUp()
        self.logs = os.path.join(self.dir, "logs")

    def files(self):
        return sorted(glob.glob(os.path.join(self.logs, "**", "*.log*"), recursive=True))

    def content(self):
        done = subprocess.run([tool("nlb-logs"), "cat", *self.files()], capture_output=True,
                              check=True, timeout=nlbtest.DEADLINE)
        return done.stdout.decode().splitlines(keepends=True)

    def spooled(self):
        return glob.glob(os.path.join(self.logs, ".spool", "*.segment"))

    def collector(self, *options):
        process = self.start(tool("nlb-logs"), "collect", "--input", "unix:logs", "--directory",
                             self.logs, *options)
        return process

    def sender(self, process):
        """A connection to the socket, which appears when the process listens."""
        path = os.path.join(self.dir, "logs.sock")
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(path)
                break
            except OSError:
                connection.close()
                if process.popen.poll() is not None:
                    raise AssertionError(process.err.tail()) from None
        connection.settimeout(nlbtest.DEADLINE)
        self.addCleanup(connection.close)
        return connection, connection.makefile("rb")

    def wait_ack(self, lines, through):
        for line in lines:
            answer = json.loads(line)
            if answer["type"] == "ack" and answer["through"] >= through:
                return
        self.fail("the stream ended")
