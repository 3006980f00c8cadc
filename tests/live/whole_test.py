# SPDX-License-Identifier: Apache-2.0
"""A whole node: nlb-policy and nlb-health beside nlb-forward, whose checks cross the same devices."""

import os
import signal

import balancer
import live
import nlbtest

ZONE = "local-1a"


class Whole(live.TestCase):
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

    def daemon(self, name, *words, **more):
        return self.start(*self.net.node.command(nlbtest.tool(name), *words), **more)

    def configure(self, *targets):
        return self.write("nlb.toml", balancer.toml(
            live.PORT, [(t.address, t.port, ZONE) for t in targets], {ZONE: self.net.NODE},
            group_attributes={"deregistration_delay.timeout_seconds": 120}))

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


if __name__ == "__main__":
    live.main()
