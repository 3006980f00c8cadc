# SPDX-License-Identifier: Apache-2.0
"""A million entries over the socket, ten SIGKILLs, a bucket that goes away twice: nothing is lost.

Two senders keep what was not acknowledged and send it again, as nlb-messages(7) asks of them. The
moments come from a seed; they are told by what was acknowledged, so the pace of the machine decides
nothing. An entry may be there twice only if it was under way when the process was killed.
"""

import collections
import gzip
import json
import os
import random
import select
import socket
import threading
import unittest

import nlbtest
import s3
from nlbtest import tool

ENTRIES = 1_000_000
SENDERS = 2
KILLS = 10
SEED = int(os.environ.get("NLB_TEST_SEED", "6"))
CHUNK = 500  # lines


def entry(number):
    """A finished line; the times of a thousand go through five minutes each."""
    seconds = number // 1000 * 300 % 86400
    return (f"tls 2.0 2026-05-01T{seconds // 3600:02}:{seconds // 60 % 60:02}:09 "
            "net/web/50dc6c495c0c9188 g3d4b5e8bb8464cd 203.0.113.9:40000 10.0.0.1:443 12 4 "
            f"{number} 200 - - - TLS_AES_128_GCM_SHA256 tlsv13 x25519 www.example.com - - - "
            "2026-05-01T00:00:08\n")


class Progress:
    """How many entries are acknowledged, all senders together."""

    def __init__(self):
        self.changed = threading.Condition()
        self.acknowledged = 0

    def add(self, count):
        with self.changed:
            self.acknowledged += count
            self.changed.notify_all()

    def wait(self, count):
        with self.changed:
            if not self.changed.wait_for(lambda: self.acknowledged >= count, 120):
                raise AssertionError(f"{self.acknowledged} acknowledged, {count} wanted")


class Sender:
    def __init__(self, path, numbers, progress):
        self.path, self.progress = path, progress
        self.first, self.total = numbers.start, len(numbers)
        self.chunks = ["".join(map(entry, numbers[i:i + CHUNK])).encode()
                       for i in range(0, self.total, CHUNK)]
        self.acknowledged = 0  # lines
        self.again = []        # (first, end) of the numbers that may have been sent twice
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.acknowledged < self.total:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(self.path)
                self.talk(connection)
            except OSError:
                pass  # it was killed, or is not there yet
            connection.close()

    def talk(self, connection):
        """Sends from the first line that is not acknowledged, until all are or the peer is gone."""
        base, sent, held = self.acknowledged, self.acknowledged, b""
        chunk, skip = divmod(base, CHUNK)
        try:
            while self.acknowledged < self.total:
                more = chunk < len(self.chunks)
                if more:
                    lines = self.chunks[chunk]
                    if skip:
                        lines = b"".join(lines.splitlines(keepends=True)[skip:])
                    sent = min(self.total, (chunk + 1) * CHUNK)
                    connection.sendall(lines)
                    chunk, skip = chunk + 1, 0
                if not more or select.select([connection], [], [], 0)[0]:
                    data = connection.recv(65536)
                    if not data:
                        return
                    *answers, held = (held + data).split(b"\n")
                    self.take(base, answers)
        finally:
            self.again.append((self.first + self.acknowledged, self.first + sent))

    def take(self, base, answers):
        for answer in map(json.loads, answers):
            if answer["type"] == "ack":
                self.progress.add(base + answer["through"] - self.acknowledged)
                self.acknowledged = base + answer["through"]


class Kill(nlbtest.TestCase):
    def collector(self):
        return self.start(tool("nlb-logs"), "collect", "--input", "unix:logs", "--bucket", "logs",
                          "--spool", os.path.join(self.dir, "spool"),
                          env=s3.environment(self.stub))

    def test_every_entry_arrives(self):
        print(f"seed {SEED}")
        dice = random.Random(SEED)
        self.stub = s3.S3()
        events = [(dice.randrange(ENTRIES), self.kill) for _ in range(KILLS)]
        for share in (0.25, 0.7):  # of the entries: away for a tenth of them
            events += [(int(ENTRIES * share), self.leave), (int(ENTRIES * (share + .1)), self.back)]
        self.process = self.collector()
        progress = Progress()
        path = os.path.join(self.dir, "logs.sock")
        senders = [Sender(path, range(n, n + ENTRIES // SENDERS), progress)
                   for n in range(0, ENTRIES, ENTRIES // SENDERS)]
        for count, event in sorted(events, key=lambda one: one[0]):
            progress.wait(count)
            event()
        progress.wait(ENTRIES)
        for sender in senders:
            sender.thread.join(nlbtest.DEADLINE)
        self.process.signal(nlbtest.TERM)
        self.assertEqual(self.process.wait(120), 0, self.process.err.tail())
        self.addCleanup(self.stub.close)
        self.check(senders)

    def kill(self):
        self.process.popen.kill()
        self.process.wait()
        self.process = self.collector()

    def leave(self):
        self.stub.close()

    def back(self):
        self.stub = s3.S3(port=self.stub.port, objects=self.stub.objects)

    def check(self, senders):
        seen = collections.Counter()
        for body in self.stub.logs().values():
            seen.update(int(line.split(b" ", 10)[9])
                        for line in gzip.decompress(body).splitlines())
        missing = [number for number in range(ENTRIES) if number not in seen]
        self.assertEqual(missing[:5], [], f"{len(missing)} are missing")
        twice = [number for number, count in seen.items() if count > 1]
        allowed = [window for sender in senders for window in sender.again]
        astray = [n for n in twice if not any(first <= n < end for first, end in allowed)]
        self.assertEqual(astray[:5], [], "duplicates that no kill explains")
        print(f"{len(self.stub.logs())} files, {len(twice)} entries twice")


if __name__ == "__main__":
    unittest.main(verbosity=2)
