#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nlb-logs convert and schema: other engines get every entry with every field."""

import csv
import io
import json
import os
import random
import re
import sqlite3
import subprocess
import tempfile
import unittest

import accesslogs
from nlbtest import DEADLINE, tool

SHAPES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "accesslog",
                      "shapes.log")


class Convert(unittest.TestCase):
    def setUp(self):
        choose = random.Random(11)
        self.entries = [accesslogs.entry(choose) for _ in range(1500)]
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.log = os.path.join(self.folder, "log")
        with open(self.log, "w", encoding="utf-8") as file:
            file.writelines(accesslogs.line(e) + "\n" for e in self.entries)

    def run_tool(self, *words, status=0):
        done = subprocess.run([tool("nlb-logs"), *words], capture_output=True, text=True,
                              timeout=DEADLINE)
        self.assertEqual(done.returncode, status, (words, done.stderr))
        return done.stdout

    def test_sqlite_has_every_field(self):
        base = os.path.join(self.folder, "logs.db")
        self.assertEqual(self.run_tool("convert", "--to", "sqlite", "--output", base, self.log), "")
        names = accesslogs.FIELDS + ["extra"] + accesslogs.PARTS[:-1]
        connection = sqlite3.connect(base)
        rows = connection.execute("select * from logs").fetchall()
        self.assertEqual([tuple(accesslogs.row(e)[n] for n in names) for e in self.entries], rows)
        connection.close()
        self.run_tool("convert", "--to", "sqlite", "--output", base, self.log, status=2)
        self.run_tool("convert", "--to", "sqlite", self.log, status=2)

    def test_a_wrong_question_touches_no_file(self):
        path = os.path.join(self.folder, "precious")
        for kind in ("csv", "ndjson", "sqlite"):
            self.run_tool("convert", "--to", kind, "--output", path, "--where", "x", self.log, status=2)
            self.assertFalse(os.path.exists(path))
        empty = os.path.join(self.folder, "empty")
        with open(empty, "wb"):
            pass
        self.assertEqual(self.run_tool("convert", "--to", "sqlite", "--output", path, empty), "")
        self.assertEqual(sqlite3.connect(path).execute("select count(*) from logs").fetchall(), [(0,)])

    def test_what_is_read_is_not_written(self):
        link = os.path.join(self.folder, "link")
        os.link(self.log, link)
        self.run_tool("convert", "--output", link, self.log, status=2)
        self.run_tool("cat", "--rejects", self.log, self.folder, status=2)
        new = os.path.join(self.folder, "new")
        self.run_tool("cat", "-f", "--rejects", new, self.folder, status=2)  # which would never end
        self.assertEqual(self.run_tool("query", "--agg", "count", self.log), "count\n1500\n")

    def test_csv_and_ndjson_are_what_query_prints(self):
        path = os.path.join(self.folder, "out")
        for kind, option in (("csv", "--csv"), ("ndjson", "--json")):
            wanted = self.run_tool("query", option, self.log)
            self.assertEqual(self.run_tool("convert", "--to", kind, self.log), wanted)
            self.run_tool("convert", "--to", kind, "--output", path, self.log)
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read(), wanted)
        rows = list(csv.DictReader(io.StringIO(self.run_tool("convert", "--to", "csv", self.log))))
        self.assertEqual([r["alpn_client_preference_list"] for r in rows],
                         [accesslogs.row(e)["alpn_client_preference_list"] or "" for e in self.entries])

    def test_a_schema_has_every_field_in_order_with_its_type(self):
        times = ["time", "tls_connection_creation_time"]
        kinds = {"--sqlite": ("INTEGER", "TEXT", "TEXT"), "--duckdb": ("BIGINT", "TIMESTAMP", "VARCHAR"),
                 "--clickhouse": ("Nullable(Int64)", "Nullable(DateTime('UTC'))", "Nullable(String)"),
                 "--athena": ("bigint", "string", "string")}
        for engine, (number, time, text) in kinds.items():
            names = accesslogs.FIELDS + ["extra"]
            if engine == "--sqlite":
                names += accesslogs.PARTS[:-1]
            if engine == "--athena":  # which splits addresses itself
                at = names.index("client:port")
                names = names[:at] + accesslogs.PARTS[:-1] + names[at + 2:]
            wanted = [(n, number if n in accesslogs.NUMBERS else time if n in times else text)
                      for n in names]
            columns = re.findall(r'^ +["`]([^"`]+)["`] (.+?),?$', self.run_tool("schema", engine), re.M)
            # The key of its order is never null; ports fit 32 bits.
            columns = [(n, t.replace("int", number) if engine == "--athena" and n.endswith("_port")
                        else time if (engine, n) == ("--clickhouse", "time") else t)
                       for n, t in columns]
            self.assertEqual(columns, wanted, engine)
        self.run_tool("schema", status=2)

    def test_csv_loads_into_the_schema(self):
        base = sqlite3.connect(":memory:")
        base.executescript(self.run_tool("schema", "--sqlite"))
        rows = csv.DictReader(io.StringIO(self.run_tool("convert", "--to", "csv", self.log)))
        for row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            base.execute(f"insert into logs ({names}) values ({', '.join('?' * len(row))})",
                         [value or None for value in row.values()])
        question = "select count(*), count(tls_handshake_time), sum(sent_bytes), max(time) from logs"
        answer = list(json.loads(self.run_tool("sql", question, "--json", self.log)).values())
        self.assertEqual(list(base.execute(question).fetchone()), answer)

    def test_the_pattern_for_athena_takes_every_shape(self):
        text = self.run_tool("schema", "--athena")
        columns = re.findall(r"^ +`(\w+)`", text, re.M)
        pattern = re.compile(re.search(r"'input\.regex' = '(.*)'\)", text)[1])
        self.assertEqual(pattern.groups, len(columns))
        answers = [json.loads(line) for line in self.run_tool("cat", "--json", SHAPES).splitlines()]
        with open(SHAPES, encoding="utf-8") as file:
            lines = file.read().splitlines()
        for line, answer in zip(lines, answers, strict=True):
            groups = dict(zip(columns, pattern.fullmatch(line).groups(), strict=True))
            for name, value in answer.items():
                if name.endswith(":port"):
                    side = name.removesuffix(":port")
                    groups[name] = f"{groups[side + '_ip']}:{groups[side + '_port']}"
                found = groups[name] if groups[name] != "-" else None
                self.assertEqual(found, None if value is None else str(value), (name, line))


if __name__ == "__main__":
    unittest.main()
