# SPDX-License-Identifier: Apache-2.0
"""nlb-logs collect: entries become files, and what was acknowledged is never lost."""

import gzip
import json
import os
import re
import socket
import subprocess
import time
import unittest

import nlbtest
from collect import Collect, entry, message
from nlbtest import tool

HERE = os.path.dirname(os.path.abspath(__file__))


class Files(Collect):
    def collect(self, text, *options, status=0):
        done = self.run_tool(tool("nlb-logs"), "collect", "--directory", self.logs, *options,
                             input=text.encode())
        self.assertEqual(done[0], status, done[2])
        return done[2]

    def test_entries_lie_where_the_guide_says(self):
        self.collect(entry(1) + entry(2, time="2026-05-01T00:05:00") + message(3),
                     "--account", "111122223333", "--region", "eu-west-1", "--prefix", "a/b")
        names = [os.path.relpath(path, self.logs) for path in self.files()]
        self.assertEqual(len(names), 2)
        for name, end in zip(names, ("20260501T0005Z", "20260501T0010Z")):
            self.assertRegex(
                name, r"^a/b/AWSLogs/111122223333/elasticloadbalancing/eu-west-1/\d{4}/\d\d/\d\d/"
                r"111122223333_elasticloadbalancing_eu-west-1_net\.web\.50dc6c495c0c9188_" + end +
                r"_[a-z0-9]{8}\.log\.gz$")
        self.assertEqual(self.spooled(), [])
        self.assertEqual(sorted(self.content()),
                         sorted([entry(1), entry(2, time="2026-05-01T00:05:00"), entry(3)]))

    def test_each_method_is_its_format(self):
        for method, suffix, magic in (("gzip", ".log.gz", b"\x1f\x8b"),
                                      ("zstd", ".log.zst", b"\x28\xb5\x2f\xfd"),
                                      ("none", ".log", b"tls ")):
            self.logs = os.path.join(self.dir, method)
            self.collect(entry(1) * 3, "--compress", method)
            (path,) = self.files()
            self.assertTrue(path.endswith(suffix), path)
            with open(path, "rb") as file:
                self.assertEqual(file.read(len(magic)), magic)
            self.assertEqual(self.content(), [entry(1)] * 3)

    def test_a_gzip_file_is_one_member_that_python_reads(self):
        self.collect("".join(entry(n) for n in range(5000)))
        (path,) = self.files()
        with gzip.open(path, "rt") as file:
            self.assertEqual(file.read(), "".join(entry(n) for n in range(5000)))

    def test_entries_of_every_shape_come_back_as_they_were(self):
        nlb_logs = tool("nlb-logs")
        shapes = os.path.join(HERE, "..", "data", "accesslog", "shapes.log")
        _, entries, _ = self.run_tool(nlb_logs, "cat", shapes)
        self.assertGreater(entries.count("\n"), 10)
        status, same, said = self.run_tool(nlb_logs, "collect", input=entries.encode())
        self.assertEqual((status, same), (0, entries), said)
        self.collect(entries)
        self.assertEqual(sorted(self.content()), sorted(entries.splitlines(keepends=True)))

    def test_what_is_no_entry_is_refused_aloud(self):
        said = self.collect("hello\n" + entry(1) + '{"type":"tls-connection"}\n', status=3)
        self.assertIn("2 lines were refused", said)
        self.assertEqual(self.content(), [entry(1)])

    def test_counters_tell_what_became_of_the_lines(self):
        status, out, _ = self.run_tool(tool("nlb-logs"), "collect", "--directory", self.logs,
                                       "--counters-interval", "3600",
                                       input=("hello\n" + entry(1) + entry(2)).encode())
        self.assertEqual(status, 3)
        last = {}
        for line in out.splitlines():
            last.update([(m["name"], m["value"]) for m in [json.loads(line)] if m["type"] == "counter"])
        (path,) = self.files()
        self.assertEqual(last, {"log_entries_taken": 2, "log_entries_off": 0,
                                "log_entries_refused": 1, "log_entries_delivered": 2,
                                "log_files_delivered": 1,
                                "log_bytes_delivered": os.path.getsize(path),
                                "log_delivery_failures": 0, "log_spool_bytes": 0})

    def test_only_log_files_that_are_old_enough_are_removed(self):
        self.collect(entry(1))
        (old,) = self.files()
        other = os.path.join(os.path.dirname(os.path.dirname(old)), "notes_20200501T0000Z.txt")
        with open(other, "w", encoding="ascii"):
            pass
        self.collect(entry(2, time="2100-01-01T00:00:00"), "--retention-days", "36500")
        self.assertEqual(len(self.files()), 2)
        day = 24 * 3600
        days = str(int((time.time() - 1777593600) // day) - 1)  # entry(1) is older by some two days
        self.collect("", "--retention-days", days)
        (kept,) = self.files()
        self.assertIn("_21000101T0005Z_", kept)
        self.assertTrue(os.path.exists(other))

    def test_the_attributes_decide(self):
        config = self.write("nlb.toml", "\n".join(
            ['account = "111122223333"', 'region = "eu-west-1"'] + [
                f'[[load_balancers]]\nname = "{name}"\nid = "50dc6c495c0c918{at}"\n'
                f'zones = [{{ name = "a", address = "127.0.0.{at}" }}]\n'
                '[load_balancers.attributes]\n'
                f'access_logs.s3.enabled = {on}\naccess_logs.s3.bucket = "logs-of-web"\n'
                f'access_logs.s3.prefix = "{name}"' for name, on, at in (
                    ("web", "true", 8), ("quiet", "false", 9))]))
        self.collect(entry(1) + entry(2, load_balancer="net/quiet/50dc6c495c0c9189"),
                     "--config", config)
        (path,) = self.files()
        self.assertIn("/logs/web/AWSLogs/111122223333/", path)
        self.assertEqual(self.content(), [entry(1)])


class Filter(Collect):
    def test_messages_become_entries_on_standard_output(self):
        status, out, _ = self.run_tool(tool("nlb-logs"), "collect",
                                       input=(message(7) + entry(8)).encode())
        self.assertEqual((status, out), (0, entry(7) + entry(8)))

    def test_the_strict_form_has_21_fields(self):
        _, out, _ = self.run_tool(tool("nlb-logs"), "collect", "--form", "strict",
                                  input=message(7).encode())
        self.assertEqual(out.replace(" - www", " x25519 www"),
                         re.sub(r" [^ ]+\n$", "\n", entry(7)))

    def test_through_any_compression_it_is_the_identity(self):
        lines = "".join(entry(n) for n in range(1000))
        for method in ("none", "gzip", "zstd"):
            done = subprocess.run(
                f"{tool('nlb-logs')} collect --compress {method} | {tool('nlb-logs')} cat -",
                shell=True, input=lines.encode(), capture_output=True, check=True,
                timeout=nlbtest.DEADLINE)
            self.assertEqual(done.stdout.decode(), lines)


class Socket(Collect):
    def test_an_entry_is_in_the_spool_when_it_is_acknowledged(self):
        process = self.collector()
        connection, answers = self.sender(process)
        connection.sendall((entry(1) + entry(2)).encode())
        self.wait_ack(answers, 2)
        connection.sendall(message(3, seq=17).encode())
        self.wait_ack(answers, 17)
        process.popen.kill()
        process.wait()
        self.assertEqual(self.files(), [])
        self.assertEqual(len(self.spooled()), 1)
        again = self.collector()
        again.err.wait_for(lambda line: "left in the spool" in line)
        again.signal(nlbtest.TERM)
        self.assertEqual(again.wait(), 0)
        self.assertEqual(self.content(), [entry(1), entry(2), entry(3)])
        self.assertEqual(self.spooled(), [])

    def test_a_sender_that_has_said_all_still_gets_its_answer(self):
        process = self.collector("--sync", "never")
        connection, answers = self.sender(process)
        connection.sendall(entry(1).encode())
        connection.shutdown(socket.SHUT_WR)
        self.wait_ack(answers, 1)
        self.assertEqual(answers.read(), b"")

    def test_a_line_that_was_cut_off_is_no_entry(self):
        process = self.collector()
        connection, answers = self.sender(process)
        connection.sendall((entry(1) + entry(2)[:-5]).encode())
        self.wait_ack(answers, 1)
        connection.close()
        answers.close()
        process.signal(nlbtest.TERM)
        self.assertEqual(process.wait(), 0)
        self.assertEqual(self.content(), [entry(1)])

    def test_two_collectors_do_not_share_a_spool(self):
        first = self.collector()
        self.sender(first)
        status, _, said = self.run_tool(tool("nlb-logs"), "collect", "--directory", self.logs)
        self.assertEqual(status, 2)
        self.assertIn("another process uses it", said)

    def test_many_senders_at_once(self):
        process = self.collector()
        senders = [self.sender(process) for _ in range(20)]
        for number, (connection, _) in enumerate(senders):
            connection.sendall("".join(entry(number * 100 + n) for n in range(100)).encode())
        for _, answers in senders:
            self.wait_ack(answers, 100)
        process.signal(nlbtest.TERM)
        self.assertEqual(process.wait(), 0)
        self.assertEqual(sorted(self.content()), sorted(entry(n) for n in range(2000)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
