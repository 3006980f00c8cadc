# SPDX-License-Identifier: Apache-2.0
"""nlb-logs collect when something lacks: room in the spool, the bucket, the right to write; and when
logging is switched off and on."""

import os
import signal
import subprocess
import unittest

import nlbtest
import s3
from collect import Collect, entry
from nlbtest import tool


class Pressure(Collect):
    def bucket_collector(self, stub, *options):
        return self.start(tool("nlb-logs"), "collect", "--input", "unix:logs", "--bucket", "logs",
                          "--spool", os.path.join(self.dir, "spool"), *options,
                          env=s3.environment(stub))

    def test_a_full_spool_holds_senders_until_the_bucket_is_back(self):
        stub = s3.S3()
        stub.close()
        process = self.bucket_collector(stub, "--spool-limit", "1")
        connection, answers = self.sender(process)
        count = 10000  # 2.5 MB
        lines = "".join(entry(n) for n in range(count)).encode()
        feeder = nlbtest.threading.Thread(target=connection.sendall, args=(lines,), daemon=True)
        feeder.start()
        process.err.wait_for(lambda line: "the spool has reached --spool-limit" in line)
        self.assertTrue(feeder.is_alive(), "the sender was not held back")
        stub = s3.S3(port=stub.port)
        self.addCleanup(lambda: stub.close())
        self.wait_ack(answers, count)
        feeder.join(nlbtest.DEADLINE)
        process.signal(nlbtest.TERM)
        self.assertEqual(process.wait(), 0, process.err.tail())
        self.logs = os.path.join(self.dir, "fetched")
        os.mkdir(self.logs)
        for number, body in enumerate(stub.logs().values()):
            self.write(f"fetched/{number}.log.gz", body)
        self.assertEqual(sorted(self.content()), sorted(entry(n) for n in range(count)))

    def small_spool(self, kib):
        spool = os.path.join(self.dir, "spool")
        os.mkdir(spool)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", spool], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", spool], check=True)
        return spool

    @unittest.skipUnless(os.geteuid() == 0, "needs root: mounts a small tmpfs")
    def test_a_signal_ends_it_although_the_disk_is_full(self):
        process = self.start(tool("nlb-logs"), "collect", "--directory", self.logs, "--spool",
                             self.small_spool(64))
        process.popen.stdin.write("".join(entry(n) for n in range(400)).encode())  # 100 kB
        process.popen.stdin.flush()
        process.err.wait_for(lambda line: "No space left on device; nothing is taken" in line)
        process.signal(nlbtest.TERM)
        self.assertEqual(process.wait(), 4)
        self.assertIn("never acknowledged are lost", process.err.rest()[-1])

    @unittest.skipUnless(os.geteuid() == 0, "needs root: mounts a small tmpfs")
    def test_a_full_disk_costs_no_entry(self):
        spool = self.small_spool(512)
        with open(os.path.join(spool, "filler"), "wb") as filler:
            filler.write(bytes(400 << 10))
        process = self.collector("--spool", spool)
        connection, answers = self.sender(process)
        connection.sendall("".join(entry(n) for n in range(100)).encode())
        self.wait_ack(answers, 100)
        count = 1200  # 300 kB: more than is left
        lines = "".join(entry(n) for n in range(100, count)).encode()
        feeder = nlbtest.threading.Thread(target=connection.sendall, args=(lines,), daemon=True)
        feeder.start()
        process.err.wait_for(lambda line: "No space left on device; nothing is taken" in line)
        os.unlink(os.path.join(spool, "filler"))
        process.err.wait_for(lambda line: "the spool can be written again" in line)
        self.wait_ack(answers, count)
        process.signal(nlbtest.TERM)
        self.assertEqual(process.wait(), 0, process.err.tail())
        self.assertEqual(self.content(), [entry(n) for n in range(count)])

    def test_a_place_that_cannot_be_written_is_said_in_one_line(self):
        file = self.write("file", "")
        for options in (("--directory", file), ("--directory", file + "/below"),
                        ("--directory", self.dir, "--spool", file + "/below")):
            status, _, said = self.run_tool(tool("nlb-logs"), "collect", *options,
                                            input=entry(1).encode())
            self.assertEqual(status, 4, said)
            self.assertEqual(len(said.splitlines()), 1, said)
            self.assertIn(file, said)

    def test_a_destination_that_vanishes_keeps_entries_in_the_spool(self):
        spool = os.path.join(self.dir, "spool")
        process = self.collector("--spool", spool)
        connection, answers = self.sender(process)
        connection.sendall(entry(1).encode())
        self.wait_ack(answers, 1)
        os.rmdir(self.logs)
        self.write("logs", "in the way")
        process.signal(nlbtest.TERM)
        self.assertEqual(process.wait(), 4)
        self.assertIn("1 segments stay in the spool", process.err.rest()[-1])
        os.unlink(self.logs)
        again = self.run_tool(tool("nlb-logs"), "collect", "--directory", self.logs, "--spool", spool)
        self.assertEqual(again[0], 0, again[2])
        self.assertEqual(self.content(), [entry(1)])


class OnAndOff(Collect):
    def config(self, on):
        return self.write("nlb.toml", '[[load_balancers]]\nname = "web"\nid = "50dc6c495c0c9188"\n'
                          'zones = [{ name = "a", address = "127.0.0.1" }]\n'
                          '[load_balancers.attributes]\n'
                          f'access_logs.s3.enabled = {"true" if on else "false"}\n'
                          'access_logs.s3.bucket = "logs"\n')

    def test_attributes_switch_logging_while_it_runs(self):
        process = self.collector("--config", self.config(False))
        connection, answers = self.sender(process)

        def send(number, acknowledged):
            connection.sendall(entry(number).encode())
            self.wait_ack(answers, acknowledged)

        send(1, 1)
        self.config(True)
        process.signal(signal.SIGHUP)
        process.err.wait_for(lambda line: "net/web/50dc6c495c0c9188: to the directory" in line)
        send(2, 2)
        self.write("nlb.toml", "[[load_balancers]]\n")
        process.signal(signal.SIGHUP)
        process.err.wait_for(lambda line: "the configuration in use stays" in line)
        send(3, 3)
        self.config(False)
        process.signal(signal.SIGHUP)
        process.err.wait_for(lambda line: "access logs are now on for 0 load balancers" in line)
        send(4, 4)
        process.signal(nlbtest.TERM)
        self.assertEqual(process.wait(), 0, process.err.tail())
        self.assertEqual(self.content(), [entry(2), entry(3)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
