# SPDX-License-Identifier: Apache-2.0
"""nlb-forward flows shows what the kernel holds, with or without a process; detach takes it away."""

import json
import os
import signal

import live
import netns
import nlbtest


class Commands(live.TestCase):
    def setUp(self):
        super().setUp()
        self.server = self.target()
        self.forwarder = self.balance([self.server])

    def command(self, name, *words):
        return self.run_tool(*self.net.node.command(
            nlbtest.tool("nlb-forward"), name, "--node", self.net.node.name, *words))

    def flows(self, *filters):
        status, out, err = self.command("flows", "--json", *filters)
        self.assertEqual((status, err), (0, ""))
        return [json.loads(line) for line in out.splitlines()]

    def held(self):
        client = self.connect()
        self.assertEqual(live.exchange(client, b"hello"), b"hello")
        return client, client.getsockname()[1]

    def test_a_held_connection_is_listed(self):
        client, port = self.held()
        [flow] = self.flows("src", f"{self.net.CLIENTS[0]}:{port}")
        expected = {"protocol": "tcp", "state": "established",
                    "client_address": self.net.CLIENTS[0], "client_port": port,
                    "destination_address": self.net.NODE, "destination_port": live.PORT,
                    "source_address": self.net.NODE, "target_address": self.server.address,
                    "target_port": self.server.port, "listener": live.LISTENER,
                    "target": f"{self.server.address}:{self.server.port}"}
        self.assertEqual({key: flow.get(key) for key in expected}, expected)
        self.assertGreaterEqual(flow["client_packets"], 3)
        self.assertGreaterEqual(flow["target_packets"], 2)
        self.assertEqual(live.exchange(client, b"undisturbed"), b"undisturbed")

    def test_the_text_form_names_the_same_ends(self):
        _, port = self.held()
        status, out, err = self.command("flows", "state", "established")
        self.assertEqual((status, err), (0, ""))
        self.assertIn(f"{self.net.CLIENTS[0]}:{port}", out)
        self.assertIn(f"{self.server.address}:{self.server.port}", out)

    def test_status_counts_the_flows_of_the_kernel(self):
        self.held()
        status, out, err = self.command("status", "--json")
        self.assertEqual((status, err), (0, ""))
        process, *interfaces, listener, target = [json.loads(line) for line in out.splitlines()]
        self.assertEqual((process["pid"], process["state"], process["datapath"]),
                         (self.forwarder.popen.pid, "serving", "kernel"))
        kernel = tuple(int(number) for number in os.uname().release.split(".")[:2])
        hook = {"tc": "tcx" if kernel >= (6, 6) else "clsact", "xdp": "xdp native"}[live.DATAPATH]
        self.assertEqual([(line["interface"], line["hook"]) for line in interfaces],
                         [(name, hook) for name in sorted(self.net.interfaces(self.net.node))])
        self.assertEqual((listener["listener"], listener["datapath"], listener["bound"],
                          listener["new_flows"]), (live.LISTENER, "kernel", True, 1))
        self.assertEqual((target["target"], target["active_flows"]),
                         (f"{self.server.address}:{self.server.port}", 1))

    def test_filters_leave_out_what_does_not_fit(self):
        self.held()
        self.assertEqual(len(self.flows("state", "established")), 1)
        self.assertEqual(self.flows("state", "closed"), [])
        self.assertEqual(self.flows("dst", f"{self.net.NODE}:81"), [])

    def test_a_flow_outlives_the_process_that_opened_it(self):
        client, port = self.held()
        self.forwarder.signal(signal.SIGKILL)
        self.forwarder.wait()
        self.assertEqual(live.exchange(client, b"alone"), b"alone")
        self.assertEqual([flow["client_port"] for flow in self.flows()], [port])

    def test_detach_leaves_nothing(self):
        self.forwarder.signal(signal.SIGTERM)
        self.forwarder.wait()
        self.assertEqual(self.command("detach"), (0, "", ""))
        self.assertFalse(os.path.exists(f"{netns.PINS}/{self.net.node.name}"))
        with self.assertRaises(ConnectionRefusedError):  # the host's own stack answers again
            self.connect()
        status, out, err = self.command("detach")
        self.assertEqual((status, out, len(err.splitlines())), (2, "", 1))


if __name__ == "__main__":
    live.main()
