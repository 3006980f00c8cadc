#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nlb-logs --follow: what is written to files that grow, are renamed, emptied, replaced or appear,
comes once and in order."""

import gzip
import os
import random
import shutil
import signal

import accesslogs
from nlbtest import TestCase, main, tool


class Follow(TestCase):
    def setUp(self):
        super().setUp()
        choose = random.Random(9)
        self.lines = [accesslogs.line(accesslogs.entry(choose)) for _ in range(40)]
        self.next = 0

    def path(self, name):
        return os.path.join(self.dir, name)

    def some(self, count):
        """Further entries."""
        self.next += count
        return self.lines[self.next - count:self.next]

    def append(self, name, lines, end="\n"):
        with open(self.path(name), "a", encoding="utf-8") as file:
            file.write("\n".join(lines) + end)
        return lines

    def follow(self, *words):
        return self.start(tool("nlb-logs"), words[0], "--follow", *words[1:])

    def expect(self, process, lines):
        self.assertEqual([process.out.next() for _ in lines], lines)

    def test_a_file_that_grows(self):
        first = self.append("log", self.some(3))
        for words in (["cat"], ["tail"], ["query", "--raw"], ["query", "--raw", "--where", "type = 'tls'"]):
            with self.subTest(words):
                process = self.follow(*words, self.path("log"))
                self.assertEqual(sorted(process.out.next() for _ in first), sorted(first))
                more = self.append("log", self.some(2))
                self.expect(process, more)
                # A line counts once it is whole.
                half = self.some(1)[0]
                self.append("log", [half[:30]], end="")
                other = self.append("log2", self.some(1))
                self.append("log", [half[30:]])
                self.expect(process, [half])
                first = first + more + [half]
                self.assertNotIn(other[0], process.out.seen)

    def test_rotation_by_renaming(self):
        process = self.follow("cat", self.path("log"))  # which is not there yet
        process.err.wait_for(lambda line: "No such file" in line)
        with open(self.path("log"), "w", encoding="utf-8") as old:
            def write(lines):
                old.write("\n".join(lines) + "\n")
                old.flush()
                return lines
            self.expect(process, write(self.some(2)))
            os.rename(self.path("log"), self.path("log.1"))
            self.expect(process, write(self.some(1)))
            os.mkdir(self.path("old"))
            os.rename(self.path("log.1"), self.path("old/log.1"))
            late = write(self.some(2))
            self.expect(process, late + self.append("log", self.some(1)))
        os.remove(self.path("log"))
        self.expect(process, self.append("log", self.some(1)))

    def test_rotation_by_copying_and_emptying(self):
        self.append("log", self.some(5))
        process = self.follow("cat", self.path("log"))
        self.expect(process, self.lines[:5])
        shutil.copy(self.path("log"), self.path("log.1"))
        os.truncate(self.path("log"), 0)
        self.expect(process, self.append("log", self.some(1)))

    def test_files_in_folders_grow_move_and_are_compressed(self):
        os.mkdir(self.path("logs"))
        self.append("logs/a", self.some(2))
        process = self.follow("cat", self.path("logs"))
        self.expect(process, self.lines[:2])
        self.expect(process, self.append("logs/a", self.some(1)))
        os.rename(self.path("logs/a"), self.path("logs/a.1"))
        self.expect(process, self.append("logs/a.1", self.some(1)))
        with open(self.path("logs/a.1"), "rb") as old:
            packed = gzip.compress(old.read())
        with open(self.path("logs/a.1.gz"), "wb") as new:
            new.write(packed)
        os.remove(self.path("logs/a.1"))
        os.mkdir(self.path("logs/day"))
        self.expect(process, self.append("logs/day/b", self.some(1)))
        # What is compressed comes when it is complete, however it is written.
        third = self.some(3)
        packed = gzip.compress("".join(line + "\n" for line in third).encode())
        with open(self.path("logs/day/c.gz"), "wb") as new:
            new.write(packed[:20])
            new.flush()
            self.expect(process, self.append("logs/a", self.some(1)))
            new.write(packed[20:])
        self.expect(process, third)
        with open(self.path("logs/.d"), "wb") as new:
            new.write(packed)
        os.rename(self.path("logs/.d"), self.path("logs/d.log.gz"))
        self.expect(process, third)

    def test_a_named_file_that_is_compressed(self):
        process = self.follow("cat", self.path("log.gz"))
        process.err.wait_for(lambda line: "No such file" in line)
        lines = self.some(3)
        packed = gzip.compress("".join(line + "\n" for line in lines).encode())
        with open(self.path("log.gz"), "wb") as new:
            new.write(packed[:20])
            new.flush()
            self.append("other", self.some(1))  # is complete, which tells nothing of log.gz
            new.write(packed[20:])
        self.expect(process, lines)
        self.assertEqual(process.err.seen[1:], [])

    def test_a_link_to_a_file_elsewhere(self):
        os.mkdir(self.path("real"))
        self.append("real/log", self.some(1))
        os.symlink(self.path("real/log"), self.path("log"))
        process = self.follow("cat", self.path("log"))
        self.expect(process, self.lines[:1])
        self.expect(process, self.append("real/log", self.some(1)))

    def test_lines_that_are_no_entries_are_kept(self):
        self.append("log", self.some(1))
        process = self.follow("cat", "--rejects", self.path("rejects"), self.path("log"))
        self.expect(process, self.lines[:1])
        self.append("log", ["no entry"])
        process.err.wait_for(lambda line: "1 line is no entry" in line)
        with open(self.path("rejects"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "no entry\n")

    def test_a_table_of_columns_as_they_come(self):
        self.append("log", self.some(1))
        process = self.follow("query", "--select", "client_ip as a", "--json", self.path("log"))
        self.assertIn('{"a":', process.out.next())
        self.append("log", self.some(1))
        self.assertIn('{"a":', process.out.next())

    def test_it_ends_when_there_can_be_no_more_or_nobody_reads(self):
        done = self.run_tool(tool("nlb-logs"), "cat", "--follow", "-",
                             input=(self.lines[0] + "\n").encode())
        self.assertEqual(done, (0, self.lines[0] + "\n", ""))
        self.append("log", self.some(1))
        process = self.follow("cat", self.path("log"))
        self.expect(process, self.lines[:1])
        process.signal(signal.SIGINT)
        self.assertEqual(process.wait(), -signal.SIGINT)
        reading, writing = os.pipe()
        process = self.start(tool("nlb-logs"), "tail", "-f", self.path("log"), stdout=writing)
        os.close(writing)
        os.read(reading, 100)
        os.close(reading)
        self.assertEqual(process.wait(), -signal.SIGPIPE)

    def test_lines_of_a_pipe_do_not_wait_for_others(self):
        process = self.start(tool("nlb-logs"), "cat", "-j", "2", "-")
        for line in self.some(3):
            process.send(line)
            self.assertEqual(process.out.next(), line)
        process.close_stdin()
        self.assertEqual(process.wait(), 0)

    def test_a_limit_does_not_wait_for_the_end_of_a_pipe(self):
        process = self.start(tool("nlb-logs"), "query", "--raw", "--limit", "2", "-j", "4", "-")
        # In one write, since it may end as soon as it has two lines; and the pipe stays open.
        os.write(process.popen.stdin.fileno(), "".join(f"{line}\n" for line in self.lines).encode())
        self.expect(process, self.lines[:2])
        self.assertEqual(process.wait(), 0)


if __name__ == "__main__":
    main()
