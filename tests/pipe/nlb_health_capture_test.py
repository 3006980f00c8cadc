#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What nlb-health run reported live is what nlb-health replay makes of the capture of it."""

import json
import os
import shutil
import signal
import time
import unittest

import nlbtest
from nlb_health_test import HEALTH, Base, group, http_answer, ndjson, read_request, target, target_set

TCPDUMP = shutil.which("tcpdump", path=os.environ["PATH"] + ":/usr/sbin")


@unittest.skipUnless(TCPDUMP and os.geteuid() == 0, "capturing needs tcpdump and root")
class Captured(Base):
    def transitions(self, lines):
        """(target, state) of each change; what was initial is none."""
        messages = [json.loads(line) for line in lines]
        return [(m["target"], m["state"]) for m in messages
                if m["type"] == "target-health" and m["state"] != "initial"]

    def test_replay_agrees_with_run(self):
        codes = iter([200, 503, 503, 200, 200, 200, 503, 200, 503, 503])
        last = []

        def serve(connection):
            read_request(connection)
            code = last[0] if last else next(codes, None)
            if code is None:
                last.append(503)
                code = 503
            connection.sendall(http_answer(code).encode())

        server, refused = self.server(serve), nlbtest.free_port()
        capture = os.path.join(self.dir, "lo.pcap")
        tcpdump = self.start(TCPDUMP, "-i", "lo", "--immediate-mode", "-U", "-s", "0", "-w", capture,
                             "tcp", "port", str(server.port), "or", "port", str(refused))
        tcpdump.err.wait_for(lambda line: "listening on lo" in line)
        sets = target_set(group(check_protocol="HTTP", check_timeout_ms=2000),
                          target(server.port, name="odd"), target(refused, name="gone"))
        health = self.start(HEALTH, "run")
        health.send(*sets)
        wanted = {"odd": ["healthy", "unhealthy", "healthy", "unhealthy"], "gone": ["unhealthy"]}
        seen = {"odd": [], "gone": []}
        while seen != wanted:
            for name, state in self.transitions([health.out.next()]):
                seen[name].append(state)
        health.signal(signal.SIGKILL)
        health.wait()
        live = self.transitions(health.out.seen)
        targets = self.write("targets.ndjson", ndjson(sets))
        deadline = time.monotonic() + nlbtest.DEADLINE
        replayed = None
        while replayed != live:  # tcpdump writes what it has seen a little later
            self.assertLess(time.monotonic(), deadline, f"{replayed} instead of {live}")
            status, out, err = self.run_tool(HEALTH, "replay", capture, "--targets", targets,
                                             "--json")
            self.assertIn(status, (0, 3), err)  # 3: a packet is not written to its end
            replayed = self.transitions(out.splitlines())[:len(live)]


if __name__ == "__main__":
    nlbtest.main()
