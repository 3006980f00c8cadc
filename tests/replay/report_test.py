# SPDX-License-Identifier: Apache-2.0
"""What nlb-forward replay tells besides verdict lines: filters, totals, questions, comments of pcapng
files, and configurations that change in mid-capture."""

import json
import os
import re
import struct
import subprocess

import nlbtest
import replaytest
from replaytest import HERE, IDLE, SCENARIOS, SNAT, content, lines_of


def comments_of(path):
    """[(packet bytes, comment), ...] of a little-endian pcapng file."""
    data, at, out = content(path), 0, []
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == 6:
            kept, = struct.unpack_from("<I", data, at + 20)
            option = at + 28 + (kept + 3) // 4 * 4
            code, size = struct.unpack_from("<HH", data, option)
            assert code == 1, code
            out.append((data[at + 28:at + 28 + kept], data[option + 4:option + 4 + size].decode()))
        at += length
    return out


class Report(replaytest.TestCase):
    # ---- filters ------------------------------------------------------------------------------

    def test_only_packets_that_match_are_decided_and_they_keep_their_numbers(self):
        args = self.arguments(SNAT)
        everything = lines_of(self.good(*args))
        some = lines_of(self.good(*args, "tcp port 80 and host 192.0.2.3"))
        self.assertEqual([line["packet"] for line in some],
                         [line["packet"] for line in everything
                          if line.get("source_address") == "192.0.2.3"])
        words = lines_of(self.good(*args, "tcp", "port", "80", "and", "host", "192.0.2.3"))
        self.assertEqual(words, some)
        self.assertEqual(lines_of(self.good(*args, "port", "7")), [])

    def test_a_count_is_of_packets_that_match(self):
        some = lines_of(self.good(*self.arguments(SNAT), "-c", "2", "host 192.0.2.3"))
        self.assertEqual(len(some), 2)

    def test_a_packet_left_out_opens_no_flow(self):
        lines = lines_of(self.good(*self.arguments(IDLE), "tcp[tcpflags] & tcp-syn == 0"))
        self.assertNotIn("forward", {line["verdict"] for line in lines})

    def test_a_bad_expression_is_one_line_and_nothing_is_written(self):
        out = os.path.join(self.dir, "out.pcap")
        for words in (["tcp", "porto", "80"], ["((("], ["host"]):
            self.refused(*self.arguments(IDLE), "-w", out, *words, words="filter '" + words[0])
        self.assertFalse(os.path.exists(out))

    def test_an_expression_is_checked_against_the_link_type_of_the_capture(self):
        capture, *rest = self.arguments(IDLE)
        raw = content(capture)[:20] + struct.pack("<I", 101) + content(capture)[24:]
        self.good("-", *rest, "ether src 2:0:0:0:0:1", input=content(capture))
        self.refused("-", *rest, "ether src 2:0:0:0:0:1", input=raw, words="filter")

    # ---- totals -------------------------------------------------------------------------------

    def test_totals_agree_with_the_lines(self):
        for scenario in SCENARIOS:
            lines = lines_of(self.good(*self.arguments(scenario)))
            totals = lines_of(self.good(*self.arguments(scenario), "--summary", "--json"))
            capture = totals[0]
            self.assertEqual((capture["summary"], capture["packets"]), ("capture", len(lines)))
            for row in totals[1:]:
                kind = row["summary"]
                self.assertIn(kind, ("reason", "listener", "target"))
                mine = [line for line in lines
                        if all(line.get(member) == row[member] for member in
                               (("verdict", "reason") if kind == "reason" else (kind,)))]
                self.assertEqual(row["packets"], len(mine), row)
                opened = sum(line["reason"] == "new-flow" for line in mine)
                self.assertEqual(row.get("flows", opened), opened, row)
            self.assertEqual(sum(row["packets"] for row in totals if row["summary"] == "reason"),
                             len(lines))

    def test_bytes_are_those_of_ip_packets_in_each_direction(self):
        capture = lines_of(self.good(*self.arguments(IDLE), "--summary", "--json"))[0]
        # SYN with 8 bytes of options, three segments without payload, 18 bytes; SYN; and
        # SYN, 19 bytes, RST of the target.
        self.assertEqual((capture["flows"], capture["client_bytes"], capture["target_bytes"]),
                         (2, 48 + 3 * 40 + 18 + 40, 48 + 40 + 19 + 40), capture)

    def test_filtered_and_skipped_packets_have_totals_of_their_own(self):
        capture, *rest = self.arguments(SNAT)
        row = lines_of(self.good(capture, *rest, "--summary", "--json", "port 81"))[0]
        self.assertEqual((row["packets"], row["filtered"], row["skipped"]), (50, 49, 0))
        odd = content(capture)[:20] + struct.pack("<I", 147) + content(capture)[24:]
        row = lines_of(self.good("-", *rest, "--summary", "--json", input=odd, status=3))[0]
        self.assertEqual((row["packets"], row["filtered"], row["skipped"]), (50, 0, 50))

    def test_a_table_in_a_pipe_is_separated_by_tabs(self):
        rows = [row.split("\t") for row in
                self.good(*self.arguments(SNAT), "--summary").stdout.decode().splitlines()]
        self.assertEqual(rows[0], ["KIND", "NAME", "PACKETS", "FLOWS", "CLIENT-BYTES",
                                   "TARGET-BYTES"])
        self.assertEqual({len(row) for row in rows}, {6})
        self.assertIn(["forward", "new-flow", "40", "-", "-", "-"], rows)

    def test_totals_cover_what_came_before_a_damaged_place(self):
        capture, *rest = self.arguments(IDLE)
        result = self.good("-", *rest, "--summary", "--json", status=3,
                           input=content(capture)[:-1])
        self.assertEqual(lines_of(result)[0]["packets"], 10)

    def test_frames_and_totals_go_together(self):
        out = os.path.join(self.dir, "out.pcap")
        self.good(*self.arguments(SNAT), "--summary", "-w", out)
        self.assertEqual(content(out), content(os.path.join(HERE, SNAT, "expect.pcap")))

    def test_reports_that_exclude_each_other_are_refused(self):
        args = self.arguments(IDLE)
        for more in (["--summary", "--diff", args[0]], ["--summary", "-w", "-"], ["--json"],
                     ["--diff", args[0], "-w", "-"]):
            self.refused(*args, *more)

    # ---- questions ----------------------------------------------------------------------------

    def test_a_line_tells_what_was_asked_in_the_order_asked(self):
        plain = lines_of(self.good(*self.arguments(SNAT)))
        lines = lines_of(self.good(*self.arguments(SNAT), "--explain"))
        asked = [[one["question"] for one in line.pop("questions")] for line in lines]
        self.assertEqual(lines, plain)
        self.assertEqual(asked[0], ["parsed-as", "flow-known", "listener-known", "listener-flags",
                                    "opens-flow", "flow-hash", "ring-size", "ring-slot",
                                    "target-index", "source-port"])
        self.assertEqual(asked[43], ["parsed-as", "flow-known", "listener-known", "address-of-node"])
        self.assertEqual(asked[49], ["parsed-as"])

    def test_answers_are_truths_and_numbers(self):
        line = lines_of(self.good(*self.arguments(SNAT), "--explain"))[0]
        answers = {one["question"]: one["answer"] for one in line["questions"]}
        self.assertEqual((answers["flow-known"], answers["opens-flow"]), (False, True))
        self.assertEqual(answers["source-port"], line["new_source_port"])
        self.assertLess(answers["ring-slot"], answers["ring-size"])

    def test_lines_with_questions_can_be_compared(self):
        old = self.earlier(SNAT, "--explain")
        told = lines_of(self.good(*self.arguments(SNAT), "--diff", old))
        self.assertEqual(told[-1]["different"], 0)

    def test_questions_without_lines_are_refused(self):
        for more in (["--summary"], ["-w", "-"], ["--engine", "tc"]):
            self.refused(*self.arguments(SNAT), "--explain", *more)

    # ---- pcapng -------------------------------------------------------------------------------

    def test_every_frame_of_a_pcapng_file_says_what_became_of_its_packet(self):
        for scenario in SCENARIOS:
            out = os.path.join(self.dir, scenario + ".pcapng")
            lines = lines_of(self.good(*self.arguments(scenario), "-w", out))
            written = [line for line in lines if line["verdict"] in ("forward", "reset", "icmp")]
            comments = comments_of(out)
            self.assertEqual(len(comments), len(written))
            for line, (_, comment) in zip(written, comments):
                words = f"packet {line['packet']}: {line['verdict']} ({line['reason']}) "
                self.assertTrue(comment.startswith(words), comment)
                if "target" in line:
                    self.assertTrue(comment.endswith(f", target {line['target']}"), comment)
            again = os.path.join(self.dir, "again.pcapng")
            self.good(*self.arguments(scenario), "-w", again)
            self.assertEqual(content(again), content(out))

    def test_both_formats_hold_the_same_frames(self):
        out = os.path.join(self.dir, "out.pcapng")
        self.good(*self.arguments(SNAT), "-w", out)
        plain = content(os.path.join(HERE, SNAT, "expect.pcap"))[24:]
        for frame, _ in comments_of(out):
            length, = struct.unpack_from("<I", plain, 8)
            self.assertEqual(plain[16:16 + length], frame)
            plain = plain[16 + length:]
        self.assertEqual(plain, b"")

    # ---- changes in mid-capture ---------------------------------------------------------------

    def test_another_configuration_is_in_force_from_its_time_on(self):
        later = self.later(SNAT, lambda text: text.replace('id = "10.0.1.3"', 'id = "10.0.1.9"'))
        result = self.good(*self.arguments(SNAT), "--config-at", f"1700000000.2={later}")
        old, new = set(), set()
        for line in lines_of(result):
            at = int(line["time_ns"]) - 1_700_000_000 * 10**9
            (new if at >= 200_000_000 else old).add(line.get("target"))
        self.assertIn("10.0.1.3:8080", old - new)
        self.assertNotIn("10.0.1.3:8080", new)

    def test_a_flow_keeps_its_names_when_others_get_their_places(self):
        def change(text):  # another listener and another target in the places of the old ones
            return text.replace("port = 80\n", "port = 81\n").replace("10.0.1.1", "10.0.1.9")
        later = self.later(IDLE, change)
        before = lines_of(self.good(*self.arguments(IDLE), "-c", "5"))
        after = lines_of(self.good(*self.arguments(IDLE), "-c", "5", "--config-at",
                                   f"1700000000.0025={later}"))
        self.assertEqual(after, before)
        totals = lines_of(self.good(*self.arguments(IDLE), "--summary", "--json", "--config-at",
                                    f"1700000000.0025={later}", "-c", "5"))
        self.assertEqual([(row["target"], row["packets"]) for row in totals
                          if row["summary"] == "target"],
                         [("10.0.1.1:8080", 5), ("10.0.1.9:8080", 0)])

    def test_a_configuration_or_time_that_cannot_be_is_refused(self):
        args = self.arguments(SNAT)
        zone = self.later(SNAT, lambda text: text.replace("local-1a", "local-1b"))
        self.refused(*args, "--config-at", f"5={zone}", words="may not replace the configuration")
        for text in ("later.toml", "=x", "5=", "5.=x", "x=y", "-1=x", "1700000000.1234567890=x",
                     "99999999999=x", "9999999999=x"):
            self.refused(*args, f"--config-at={text}", words="must be SECONDS=FILE")
        self.assertEqual(self.replay(*args, "--config-at", "5=/nonexistent").returncode, 4)

    def test_times_that_go_back_are_bad_lines(self):
        capture, *rest = self.arguments(IDLE)
        lines = '{"type":"time","time_ns":2}\n{"type":"time","time_ns":1}\n'
        result = self.replay(capture, *rest, "--health", self.write("health.ndjson", lines))
        self.assertEqual(result.returncode, 3)
        self.assertIn(b"line 2: time_ns is earlier", result.stderr)
        self.assertEqual(result.stdout, b"")

    def test_a_recording_gets_its_times_as_the_manual_says(self):
        page = content(os.path.join(HERE, "..", "..", "man", "nlb-forward.8")).decode()
        loop = re.search(r"^nlb-policy targets .*?\| nlb-health run \| (while read .*?^done)", page,
                         re.S | re.M)[1]
        loop = loop.replace("\\en", "\\n").replace("\\(dq", '"')
        health = content(os.path.join(HERE, SNAT, "health.ndjson"))
        stamped = subprocess.run(["bash", "-c", loop.replace("> health.ndjson", "")], input=health,
                                 capture_output=True, timeout=nlbtest.DEADLINE, check=True).stdout
        self.assertEqual(stamped.count(b'"type":"time"'), health.count(b"\n"))
        path = self.write("stamped.ndjson", stamped)
        capture, *rest = self.arguments(SNAT)
        late = lines_of(self.good(capture, "--config", rest[1], "--health", path))
        unknown = lines_of(self.good(capture, "--config", rest[1]))
        self.assertEqual(late, unknown)  # the recording is newer than the capture

    # ---- threads ------------------------------------------------------------------------------

    def test_a_second_thread_changes_no_byte(self):
        capture, *rest = self.arguments(SNAT)
        data = content(capture)
        many = self.write("many.pcap", data[:24] + 120 * data[24:])  # 6,000 packets
        broken = self.write("broken.pcap", data[:24] + 120 * data[24:] + b"?")
        later = self.later(SNAT, lambda text: text.replace('id = "10.0.1.3"', 'id = "10.0.1.9"'))
        old = self.write("old.ndjson", self.good(many, *rest).stdout)
        short = self.write("short.ndjson", b"\n".join(content(old).splitlines()[:3000]))
        change = ["--config-at", f"1700000000.2={later}"]
        for words in ([many], [many, *change], [many, "--explain"], [broken], [many, "host 192.0.2.3"],
                      [many, "--diff", old, *change], [many, "--diff", short], [many, "-c", "2000"],
                      [many, "--summary", "--json"], [broken, "--diff", short, *change]):
            out = [os.path.join(self.dir, f"{n}.pcapng") for n in (1, 2)]
            one, two = (self.replay(*words, *rest, "-w", out[n - 1], "-j", str(n)) for n in (1, 2))
            self.assertEqual((one.returncode, one.stdout, one.stderr),
                             (two.returncode, two.stdout, two.stderr), words)
            self.assertEqual(content(out[0]), content(out[1]), words)


if __name__ == "__main__":
    nlbtest.main()
