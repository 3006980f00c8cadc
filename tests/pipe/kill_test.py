# SPDX-License-Identifier: Apache-2.0
"""Any one process dies by SIGKILL under load and is started again: the connections that the others
carry live on, new ones recover, and the balancer still follows health."""

import signal
import unittest

import balancer
import nlbtest


class KillTest(balancer.TestCase):
    def setUp(self):
        super().setUp()
        self.red = self.serve(nlbtest.echo, "local-1a")
        self.blue = self.serve(nlbtest.echo, "local-1b")
        self.configure()
        self.start_daemons()
        self.held = balancer.Load(self.connect, connections=8)
        self.addCleanup(self.held.stop)
        self.fresh = balancer.Load(self.connect, connections=4, keep=False)
        self.addCleanup(self.fresh.stop)
        self.held.wait_more(100)
        self.fresh.wait_more(100)

    def kill(self, name):
        process = self.daemons[name]
        process.signal(signal.SIGKILL)
        self.assertEqual(process.wait(), -signal.SIGKILL)

    def check_nothing_was_disturbed(self):
        self.held.wait_more(200)
        self.fresh.wait_more(100)
        self.assertEqual(self.held.failures, [])
        self.assertEqual(self.fresh.failures, [])

    def check_health_is_followed(self):
        """A target leaves; the connections of the other one and new ones go on."""
        self.fresh.stop()
        self.red.close()
        self.wait_routed(self.blue)
        self.assertEqual(self.say(b"hello"), b"hello")

    def test_nlb_policy_is_killed_and_comes_back(self):
        self.kill("nlb-policy")
        self.check_nothing_was_disturbed()
        self.start_daemon("nlb-policy")
        self.wait_routed()
        self.check_nothing_was_disturbed()
        self.check_health_is_followed()

    def test_nlb_health_is_killed_and_comes_back(self):
        self.kill("nlb-health")
        self.check_nothing_was_disturbed()
        self.start_daemon("nlb-health", "-v")
        self.daemons["nlb-health"].err.wait_for_all(*(
            lambda line, key=server.key: key in line and "-> healthy" in line
            for server in self.servers))
        self.check_nothing_was_disturbed()
        self.check_health_is_followed()

    def test_nlb_forward_is_killed_and_comes_back(self):
        self.kill("nlb-forward")
        self.fresh.stop()
        self.held.join()
        self.assertEqual(len(self.held.failures), 8, "its connections ended with it")
        self.start_daemon("nlb-forward")
        self.wait_routed()
        again = balancer.Load(self.connect, connections=8)
        self.addCleanup(again.stop)
        again.wait_more(200)
        self.assertEqual(again.failures, [])
        self.assertIsNone(self.daemons["nlb-policy"].popen.poll())
        self.assertIsNone(self.daemons["nlb-health"].popen.poll())
        self.check_health_is_followed()


class TwoNodesTest(balancer.TestCase):
    def test_the_node_of_one_zone_is_killed_and_the_other_carries_on(self):
        self.serve(nlbtest.echo, "local-1a")
        self.serve(nlbtest.echo, "local-1b")
        self.configure()
        self.start_daemon("nlb-policy")
        self.start_daemon("nlb-health")
        first = self.start_daemon("nlb-forward", "--zone", "local-1a", tap="first")
        self.wait_routed(tap="first")
        self.start_daemon("nlb-forward", "--zone", "local-1b", tap="second")
        self.wait_routed(tap="second")
        here, there = self.nodes()
        lives = balancer.Load(lambda: self.connect(there))
        self.addCleanup(lives.stop)
        dies = balancer.Load(lambda: self.connect(here))
        self.addCleanup(dies.stop)
        lives.wait_more(100)
        dies.wait_more(100)
        first.signal(signal.SIGKILL)
        first.wait()
        dies.join()
        self.assertEqual(len(dies.failures), 8)
        lives.wait_more(300)
        self.assertEqual(lives.failures, [])
        self.start_daemon("nlb-forward", "--zone", "local-1a", tap="first")
        self.wait_routed(tap="first")
        self.assertEqual(self.say(b"again", here), b"again")
        self.assertEqual(lives.failures, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
