#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nlb-logs: lines that are no entries, damaged files and wrong questions are told, and nothing else
is lost."""

import gzip
import os
import pty
import random
import subprocess
import tempfile
import tty
import unittest

import accesslogs
from nlbtest import DEADLINE, Lines, tool


class Input(unittest.TestCase):
    def setUp(self):
        choose = random.Random(4)
        self.lines = [accesslogs.line(accesslogs.entry(choose)) for _ in range(2000)]
        self.text = "\n".join(self.lines) + "\n"
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def run_tool(self, *words, status=0, stdin=b""):
        done = subprocess.run([tool("nlb-logs"), *words], capture_output=True, input=stdin,
                              timeout=DEADLINE)
        self.assertEqual(done.returncode, status, (words, done.stderr))
        return done.stdout.decode(), done.stderr.decode()

    def test_lines_that_are_no_entries_are_counted_and_kept(self):
        control = "Enable AWS load balancer access logs\n"
        path = self.file("a", (control + self.text + "tls 2.0 short\n").encode())
        rejects = os.path.join(self.folder, "rejects")
        for jobs in ("1", "4"):
            out, err = self.run_tool("cat", "-j", jobs, "--rejects", rejects, path, status=3)
            self.assertEqual(out, self.text)
            self.assertEqual(err, "nlb-logs: warning: 2 lines are no entries, the first: "
                             f"'{path}': it does not begin with 'tls '\n")
            with open(rejects, encoding="utf-8") as file:
                self.assertEqual(file.read(), control + "tls 2.0 short\n")
        _, err = self.run_tool("query", "--agg", "count", "--strict", path, status=3)
        self.assertIn("error: a line is no entry", err)

    def test_a_truncated_file_is_an_error_after_what_could_be_read(self):
        whole = gzip.compress(self.text.encode())
        other = self.file("b.gz", whole)
        path = self.file("a.gz", whole[:len(whole) // 2])
        out, err = self.run_tool("cat", path, other, status=3)
        self.assertTrue(out.endswith(self.text))
        before = out[:-len(self.text)]
        self.assertTrue(before and before.endswith("\n") and self.text.startswith(before))
        self.assertEqual(err, f"nlb-logs: error: '{path}': the compressed data ends too early\n")

    def test_a_file_that_is_not_there_does_not_hide_the_others(self):
        path = self.file("a", self.text.encode())
        out, err = self.run_tool("cat", path, path + ".no", status=4)
        self.assertEqual(out, self.text)
        self.assertIn("No such file", err)

    def test_a_folder_that_cannot_be_read_does_not_hide_the_others(self):
        closed = os.path.join(self.folder, "closed")
        os.mkdir(closed)
        self.file("open", self.text.encode())
        os.chmod(closed, 0)
        os.chmod(self.folder, 0o755)
        identity = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
        done = subprocess.run([tool("nlb-logs"), "cat", self.folder], capture_output=True,
                              timeout=DEADLINE, **identity)
        os.chmod(closed, 0o700)
        self.assertEqual((done.returncode, done.stdout.decode()), (4, self.text))
        self.assertEqual(done.stderr.decode(),
                         f"nlb-logs: error: open {closed}: Permission denied\n")

    def test_the_last_line_may_lack_its_line_feed_and_lines_may_end_in_cr(self):
        path = self.file("a", self.text[:-1].encode())
        self.assertEqual(self.run_tool("cat", path)[0], self.text)
        path = self.file("b", self.text.replace("\n", "\r\n").encode())
        count = ["query", "--agg", "count,distinct(extra),max(extra)", "--json"]
        wanted = self.run_tool(*count, self.file("c", self.text.encode()))
        self.assertEqual(self.run_tool(*count, path), wanted)

    def test_lines_across_pieces_and_a_line_without_an_end(self):
        long = self.text * 40
        self.assertEqual(self.run_tool("cat", "-j2", "-", stdin=long.encode())[0], long)
        out, _ = self.run_tool("cat", "-", stdin=b"x" * 3_000_000 + b"\n" + self.text.encode(),
                               status=3)
        self.assertEqual(out, self.text)

    def test_follow_goes_on_with_files_that_appear(self):
        self.file("a.log", self.text.encode())
        for words, before in ((["cat"], len(self.lines)), (["tail", "-n", "3"], 3)):
            with self.subTest(words[0]):
                process = subprocess.Popen([tool("nlb-logs"), *words, "--follow", self.folder],
                                           stdout=subprocess.PIPE)
                try:
                    lines = Lines(process.stdout)
                    for _ in range(before):
                        self.assertIn(lines.next(), self.lines)
                    day = os.path.join(self.folder, words[0])
                    os.mkdir(day)
                    self.file(os.path.join(words[0], "b.log"), (self.lines[7] + "\n").encode())
                    self.assertEqual(lines.next(), self.lines[7])
                    self.file(os.path.join(words[0], "c.log"), (self.lines[9] + "\n").encode())
                    self.assertEqual(lines.next(), self.lines[9])
                finally:
                    process.terminate()
                    process.wait(DEADLINE)

    def test_names_of_files_on_standard_input(self):
        paths = [self.file(name, self.text.encode()) for name in ("a b", "c\nd")]
        names = "".join(path + "\0" for path in paths).encode()
        for option in ("-0", "--null"):
            self.assertEqual(self.run_tool("cat", option, stdin=names)[0], self.text * 2)
        self.assertEqual(self.run_tool("cat", "-0")[0], "")
        self.assertIn("either FILES or --null", self.run_tool("cat", status=2)[1])
        self.assertIn("either FILES or --null", self.run_tool("cat", "-0", paths[0], status=2)[1])

    def test_a_terminal_gets_a_table_or_what_was_asked_for(self):
        path = self.file("a", self.text.encode())
        piped = self.run_tool("top", "clients", path)[0]
        for words, is_table in (([], True), (["--tsv"], False)):
            inner, outer = pty.openpty()
            tty.setraw(outer)
            with subprocess.Popen([tool("nlb-logs"), "top", "clients", *words, path], stdout=outer):
                os.close(outer)
                shown = b""
                try:
                    while part := os.read(inner, 4096):
                        shown += part
                except OSError:
                    pass  # how the end of a terminal is told
                os.close(inner)
            self.assertEqual("█" in shown.decode() and "\t" not in shown.decode(), is_table)
            self.assertNotIn(b"\x1b", shown)
            if not is_table:
                self.assertEqual(shown.decode(), piped)
        self.assertEqual(self.run_tool("cat", "--tsv", path), self.run_tool("query", path))

    def test_nothing_is_an_answer(self):
        path = self.file("a", b"")
        self.assertEqual(self.run_tool("cat", path), ("", ""))
        self.assertEqual(self.run_tool("query", "--agg", "count", path), ("count\n0\n", ""))

    def test_wrong_questions_are_usage_errors(self):
        for words in (["query", "--where", "nothing = 1", "-"], ["sql", "select", "-"],
                      ["query", "--raw", "--group-by", "elb", "-"], ["query", "--since", "x", "-"],
                      ["query", "--json", "--csv", "-"], ["query", "--raw", "--tsv", "-"]):
            out, err = self.run_tool(*words, status=2)
            self.assertEqual(out, "")
            self.assertEqual(err.count("\n"), 1, err)


if __name__ == "__main__":
    unittest.main()
