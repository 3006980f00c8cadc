# SPDX-License-Identifier: Apache-2.0
"""Two VPC flow log records a connection, and the rights that are left while they are written."""

import os

import live
import netns
import nlbtest

BPF, NET_ADMIN, NET_BIND_SERVICE = 39, 12, 10  # [linux/capability.h]


class FlowLog(live.TestCase):
    def records(self, path):
        with open(path, encoding="ascii") as file:
            lines = [line.split() for line in file]
        return [dict(zip(lines[0], line)) for line in lines[1:]]

    def test_a_connection_has_a_front_and_a_back(self):
        server = self.target()
        path = os.path.join(self.dir, "flows.log")
        forward = self.balance([server], options=("--vpc-flow-log", path))
        client = self.connect()
        self.assertEqual(live.exchange(client, b"hello"), b"hello")
        mine = client.getsockname()
        client.close()
        flow = self.flow(forward, client_port=mine[1])
        front, back = netns.until(lambda: self.records(path), "two records")
        self.assertEqual((front["srcaddr"], front["srcport"], front["dstaddr"], front["dstport"]),
                         (mine[0], str(mine[1]), self.net.NODE, str(live.PORT)))
        self.assertEqual((back["srcaddr"], back["srcport"], back["dstaddr"]),
                         (server.address, str(server.port), self.net.NODE))
        self.assertEqual((int(front["bytes"]), int(back["bytes"])),
                         (flow["client_bytes"], flow["target_bytes"]))
        self.assertEqual({(one["protocol"], one["action"], one["log-status"])
                          for one in (front, back)}, {("6", "ACCEPT", "OK")})

    def collected(self, forward):
        """What nlb-logs collect makes of the flow lines so far."""
        said = "".join(line + "\n" for line in forward.out.seen)
        status, out, err = self.run_tool(nlbtest.tool("nlb-logs"), "collect", "--traffic-type",
                                         "ALL", input=said.encode())
        self.assertEqual(status, 0, err)
        return out

    def test_flow_lines_give_the_same_records(self):
        server = self.target()
        refusing = live.Endpoint(self.net.TARGETS[0], 7999)
        path = os.path.join(self.dir, "flows.log")
        forward = self.balance([server], options=("--vpc-flow-log", path))
        client = self.connect()
        self.assertEqual(live.exchange(client, b"hello"), b"hello")
        client.close()
        self.flow(forward, end="closed")
        self.apply(forward, *self.lines([refusing]))
        self.assertRaises(ConnectionRefusedError, self.connect)
        self.flow(forward, end="target-refused")
        records = netns.until(lambda: len(self.records(path)) == 4 and self.records(path),
                              "four records")
        self.assertEqual([one["action"] for one in records], ["ACCEPT"] * 2 + ["REJECT"] * 2)
        with open(path, encoding="ascii") as file:
            self.assertEqual(self.collected(forward), file.read())

    def test_rights_are_given_up_once_attached(self):
        forward = self.balance([self.target()])
        with open(f"/proc/{forward.pid}/status", encoding="ascii") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        kept = (1 << BPF) | (1 << NET_ADMIN) | (1 << NET_BIND_SERVICE)
        self.assertEqual(int(status["CapEff"], 16) & ~kept, 0)
        self.assertEqual(int(status["CapPrm"], 16) & ~kept, 0)
        self.assertEqual(status["NoNewPrivs"], "1")


if __name__ == "__main__":
    live.main()
