# SPDX-License-Identifier: Apache-2.0
"""A whole node: nlb-policy and nlb-health beside nlb-forward, whose checks cross the same devices."""

import json
import os
import signal

import balancer
import live
import netns
import nlbtest
from forwarder import was_reset

ZONE = "local-1a"


class Node(live.TestCase):
    def daemon(self, name, *words, **more):
        return self.start(*self.net.node.command(nlbtest.tool(name), *words), **more)

    def configure(self, *targets):
        return self.write("nlb.toml", balancer.toml(
            live.PORT, [(t.address, t.port, ZONE) for t in targets], {ZONE: self.net.NODE},
            group_attributes={"deregistration_delay.timeout_seconds": 120}))


class Whole(Node):
    def setUp(self):
        super().setUp()
        self.alive = [self.target(i, nlbtest.say(f"target {i}")) for i in (0, 1)]
        self.dead = live.Endpoint(self.net.TARGETS[2], 7000)
        folder = os.path.join(self.dir, "tap")
        os.mkdir(folder)
        self.tap = balancer.Tap(os.path.join(folder, "policy.sock"),
                                os.path.join(self.dir, "policy.sock"))
        self.addCleanup(self.tap.close)
        self.policy = self.daemon("nlb-policy", "run", self.configure(*self.alive, self.dead))
        self.daemon("nlb-health", "run", "--input", "unix:policy")
        self.daemon("nlb-forward", "run", "--input", "unix:policy", *self.options(),
                    env={"NLB_RUNTIME_DIR": folder})

    def wait_routed(self, *targets):
        keys = {f"{t.address}:{t.port}" for t in targets}
        balancer.wait_applied(self.tap.sent, balancer.routed_generation(self.tap.received, keys))

    def answers(self, count=30):
        return {nlbtest.read_all(self.connect()).decode() for _ in range(count)}

    def test_checks_pass_the_node_and_decide_who_takes_flows(self):
        self.wait_routed(*self.alive)
        self.assertEqual(self.answers(), {"target 0", "target 1"})
        self.configure(self.alive[0], self.dead)
        self.policy.signal(signal.SIGHUP)
        self.wait_routed(self.alive[0])
        self.assertEqual(self.answers(), {"target 0"})


@live.packets_only
class Pipeline(Node):
    """nlb-policy routes FILE --health - | nlb-forward run, with the test as the reporter."""

    def setUp(self):
        super().setUp()
        servers = [self.target(i, live.named(str(i))) for i in range(2)]
        config = self.configure(*servers)
        lines = self.run_tool(nlbtest.tool("nlb-policy"), "targets", config)[1].splitlines()
        self.ids = [m for m in map(json.loads, lines) if m["type"] == "target"]
        read, write = os.pipe()
        self.policy = self.daemon("nlb-policy", "routes", config, "--health", "-", stdout=write)
        self.forwarder = self.daemon("nlb-forward", "run", "--records", "-", *self.options(),
                                     stdin=read)
        os.close(read)
        os.close(write)

    def report(self, *states):
        """Says the state of each target."""
        self.policy.send(*({"type": "target-health", "group": m["group"], "target": m["target"],
                            "state": state} for m, state in zip(self.ids, states)))

    def wait_reached(self, name):
        """Until all new flows go to this target: of two, twenty in a row do not by chance."""
        netns.until(lambda: {live.read_line(self.connect()) for _ in range(20)} == {name},
                    f"target {name} alone takes new flows")

    def test_an_unhealthy_target_loses_its_flows_and_gets_no_new_ones(self):
        self.forwarder.out.wait_for_message("route-applied")
        self.report("healthy", "unhealthy")
        self.wait_reached("0")
        client = self.connect()
        self.assertEqual(live.read_line(client), "0")
        self.report("unhealthy", "healthy")
        self.wait_reached("1")
        client.sendall(b"anybody?")
        self.assertTrue(was_reset(client))
        flow = self.flow(self.forwarder, client_port=client.getsockname()[1])
        self.assertEqual((flow["end"], flow["target"]), ("target-unhealthy", self.ids[0]["target"]))


if __name__ == "__main__":
    live.main()
