#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nlb-logs: every command's answer about tests/data/accesslog/shapes.log, byte for byte.

NLB_TEST_WRITE=1 writes the answers instead of comparing them; look at the difference then.
"""

import os
import subprocess
import unittest

from nlbtest import DEADLINE, tool

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "accesslog")
LOG = os.path.join(DATA, "shapes.log")
COMMANDS = {
    "cat.json": ["cat", "--json"],
    "cat.csv": ["cat", "--csv"],
    "query.tsv": ["query"],
    "group.tsv": ["query", "--group-by", "tls_protocol_version,time(1h)", "--agg",
                  "count,sum(sent_bytes),avg(tls_handshake_time),p99(connection_time),distinct(client_ip)"],
    "where.tsv": ["query", "--select", "client_ip,domain_name,extra", "--where",
                  "client_ip in (2001:db8::/32, 203.0.113.0/24) or extra is not null"],
    "sql.csv": ["sql", "select tls_cipher, count(*) as n from logs group by tls_cipher "
                "having n > 1 order by n desc", "--csv"],
    "top.tsv": ["top", "clients"],
    "hist.tsv": ["hist", "connection_time"],
    "timeline.tsv": ["timeline", "--every", "1d"],
    "slow.tsv": ["slow", "--by", "connection_time", "--limit", "3"],
    "tls.tsv": ["tls"],
    "errors.tsv": ["errors"],
    "stats.json": ["stats", "--json"],
    "tail.log": ["tail", "-n", "3"],
}


class Golden(unittest.TestCase):
    def answer(self, command):
        files = 3 if command[0] in ("top", "hist", "sql") else 1
        words = command[:2] + [LOG] + command[2:] if files == 3 else command + [LOG]
        done = subprocess.run([tool("nlb-logs"), *words], capture_output=True, timeout=DEADLINE)
        self.assertEqual((done.returncode, done.stderr), (0, b""), command)
        return done.stdout

    def test_answers_are_what_they_were(self):
        for name, command in COMMANDS.items():
            with self.subTest(name):
                path = os.path.join(DATA, name + ".expect")
                found = self.answer(command)
                if os.environ.get("NLB_TEST_WRITE") == "1":
                    with open(path, "wb") as file:
                        file.write(found)
                with open(path, "rb") as file:
                    self.assertEqual(found.decode(), file.read().decode())

    def test_cat_is_the_identity(self):
        with open(LOG, "rb") as file:
            self.assertEqual(self.answer(["cat"]), file.read())


if __name__ == "__main__":
    unittest.main()
