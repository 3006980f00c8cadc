#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nlb-logs query and sql: random questions have the answers that SQLite gives to the same entries."""

import gzip
import json
import os
import random
import subprocess
import tempfile
import unittest

import accesslogs
from nlbtest import DEADLINE, tool

SEED = int(os.environ.get("NLB_TEST_SEED", "20260501"))
TEXTS = {"listener": ["'l1'"], "domain_name": ["'www.example'", "'shop.example'", "'z'"],
         "tls_cipher": ["'AES128-SHA'", "'A'"], "client_ip": ["'203.0.1.7'", "'2001:db8::3'"],
         "tls_protocol_version": ["'tlsv12'", "'tlsv13'"], "time": ["'2026-05-01T01:00:00'"],
         "extra": ["'x'"], "alpn_client_preference_list": ["'\"h2\"'"]}
NUMBERS = ["connection_time", "tls_handshake_time", "received_bytes", "sent_bytes", "client_port"]
KEYS = ["listener", "domain_name", "tls_cipher", "client_ip", "tls_protocol_version",
        '"destination:port"', "incoming_tls_alert", "tls_handshake_time"]
AGGREGATES = ["count(*)", "count({n})", "sum({n})", "min({n})", "max({n})", "avg({n})",
              "count(distinct {n})", "max(domain_name)", "min(time)", "count(distinct client_ip)"]


def condition(choose, depth=0):
    kind = choose.randrange(8 if depth < 3 else 5)
    text = choose.choice(list(TEXTS))
    if kind == 0:
        return f"{choose.choice(NUMBERS)} {comparison(choose)} {choose.randrange(2000)}"
    if kind == 1:
        return f"{text} {comparison(choose)} {choose.choice(TEXTS[text])}"
    if kind == 2:
        return f"{choose.choice(NUMBERS + list(TEXTS))} is {choose.choice(('', 'not '))}null"
    if kind == 3:
        return f"{text} {choose.choice(('', 'not '))}in ({', '.join(TEXTS[text])})"
    if kind == 4:
        least = choose.randrange(500)
        return (f"{choose.choice(NUMBERS)} + {choose.randrange(9)} between {least} and "
                f"{least * choose.randrange(1, 9)}")
    if kind == 5:
        return f"not ({condition(choose, depth + 1)})"
    joint = choose.choice(("and", "or"))
    return f"({condition(choose, depth + 1)} {joint} {condition(choose, depth + 1)})"


def comparison(choose):
    return choose.choice(("=", "!=", "<", "<=", ">", ">="))


def question(choose):
    """A random question with an order that is total."""
    where = f" where {condition(choose)}" if choose.random() < 0.8 else ""
    limit = f" limit {choose.randrange(1, 20)}" if choose.random() < 0.3 else ""
    if choose.random() < 0.3:
        columns = choose.sample(NUMBERS + list(TEXTS), 3)
        order = choose.choice(NUMBERS)
        turned = choose.choice(("", " desc"))
        return (f"select {', '.join(columns)}, {order} from logs{where} order by {order}{turned}, "
                f"{', '.join(columns)}{limit}")
    keys = choose.sample(KEYS, choose.randrange(0, 3))
    computed = sorted({choose.choice(AGGREGATES).format(n=choose.choice(NUMBERS)) for _ in range(3)})
    group = f" group by {', '.join(keys)}" if keys else ""
    having = f" having count(*) > {choose.randrange(30)}" if keys and choose.random() < 0.3 else ""
    order = f" order by {', '.join([choose.choice(computed) + ' desc', *keys])}" if keys else ""
    return f"select {', '.join(keys + computed)} from logs{where}{group}{having}{order}{limit}"


def is_same(ours, theirs):
    if isinstance(theirs, float):
        return ours is not None and abs(ours - theirs) <= 0.01 + abs(theirs) * 1e-9
    return ours == theirs


class Query(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.choose = random.Random(SEED)
        cls.entries = [accesslogs.entry(cls.choose) for _ in range(3000)]
        cls.base = accesslogs.database(cls.entries)
        cls.folder = tempfile.TemporaryDirectory()
        lines = [accesslogs.line(e) for e in cls.entries]
        cls.files = []
        for number, kind in enumerate(("plain", "gzip", "members")):
            text = ["\n".join(part) + "\n" for part in (lines[number * 1000:number * 1000 + 600],
                                                         lines[number * 1000 + 600:number * 1000 + 1000])]
            parts = [t.encode() if kind == "plain" else gzip.compress(t.encode()) for t in text]
            cls.files.append(os.path.join(cls.folder.name, f"{number}.{kind}"))
            with open(cls.files[-1], "wb") as file:
                file.write(b"".join(parts))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_tool(self, *words, status=0, stdin=None):
        done = subprocess.run([tool("nlb-logs"), *words], capture_output=True, text=True,
                              input=stdin, timeout=DEADLINE)
        self.assertEqual(done.returncode, status, (words, done.stderr))
        return done

    def test_random_questions_have_the_answers_of_sqlite(self):
        for number in range(int(os.environ.get("NLB_TEST_QUESTIONS", "150"))):
            sql = question(self.choose)
            with self.subTest(seed=SEED, number=number, sql=sql):
                theirs = [list(row) for row in self.base.execute(sql)]
                out = self.run_tool("sql", sql, "--json", "-j", str(number % 3 + 1), *self.files)
                ours = [list(json.loads(line, object_pairs_hook=lambda p: [v for _, v in p]))
                        for line in out.stdout.splitlines()]
                self.assertEqual(len(ours), len(theirs))
                for mine, their in zip(ours, theirs):
                    self.assertTrue(all(map(is_same, mine, their)), (mine, their))

    def test_every_field_is_what_the_line_says(self):
        names = accesslogs.FIELDS + ["extra"]
        out = self.run_tool("query", "--json", *self.files).stdout.splitlines()
        self.assertEqual([json.loads(line) for line in out],
                         [{n: accesslogs.row(e)[n] for n in names} for e in self.entries])

    def test_the_bytes_do_not_depend_on_the_number_of_threads(self):
        for words in (["cat"], ["query", "--csv"], ["query", "--limit", "1234"],
                      ["query", "--group-by", "client:port", "--agg", "count,p99(sent_bytes)"],
                      ["query", "--order-by", "listener desc", "--limit", "700"],
                      ["top", "clients"], ["hist", "sent_bytes"], ["tail", "-n", "30"],
                      ["cat", "--rejects", "/dev/null", "--json"]):
            answers = {self.run_tool(*words, "-j", str(jobs), *self.files).stdout
                       for jobs in (1, 2, 3, 7)}
            self.assertEqual(len(answers), 1, words)
            self.assertTrue(answers.pop())

    def test_raw_gives_the_lines_back(self):
        text = "".join(accesslogs.line(e) + "\n" for e in self.entries)
        self.assertEqual(self.run_tool("cat", *self.files).stdout, text)
        self.assertEqual(self.run_tool("query", "--raw", "-", stdin=text).stdout, text)

    def test_options_and_sql_are_one_language(self):
        sql = self.run_tool("sql", "select listener, count(*) from logs where client_port > 5000 "
                            "group by listener order by count(*) desc", *self.files).stdout
        options = self.run_tool("query", "--where", "client_port > 5000", "--group-by", "listener",
                                "--agg", "count(*)", "--order-by", "2 desc", *self.files).stdout
        self.assertEqual(sql.splitlines()[1:], options.splitlines()[1:])

    def test_time_is_a_window(self):
        count = ["query", "--agg", "count", "--json"]
        out = self.run_tool(*count, "--since", "2026-05-01T01:00", "--until", "2026-05-01T01:10:00",
                            self.folder.name)
        inside = [e for e in self.entries if "2026-05-01T01:00:00" <= e["time"] < "2026-05-01T01:10:00"]
        self.assertEqual(json.loads(out.stdout), {"count": len(inside)})
        out = self.run_tool(*count, "--since", "5m", self.folder.name)
        self.assertEqual(json.loads(out.stdout), {"count": 0})


if __name__ == "__main__":
    unittest.main()
