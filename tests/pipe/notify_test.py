# SPDX-License-Identifier: Apache-2.0
"""What a service manager is told: ready when there is something to rely on, stopping when asked."""

import os
import signal
import socket

import balancer
import nlbtest


class NotifyTest(nlbtest.TestCase):
    def manager(self, name):
        """A socket as a service manager has it, and the environment that names it."""
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.settimeout(nlbtest.DEADLINE)
        path = os.path.join(self.dir, name)
        manager.bind(path)
        return manager, {"NOTIFY_SOCKET": path}

    def ends_well(self, process, manager):
        process.signal(signal.SIGTERM)
        self.assertEqual(manager.recv(100), b"STOPPING=1")
        self.assertEqual(process.wait(), 0)

    def policy(self):
        file = self.write("nlb.toml", balancer.small_toml(nlbtest.free_port()))
        manager, env = self.manager("policy-notify")
        process = self.start(nlbtest.tool("nlb-policy"), "run", file, env=env)
        self.assertEqual(manager.recv(100), b"READY=1")
        return process, manager

    def test_nlb_policy_is_ready_when_its_socket_answers(self):
        process, manager = self.policy()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(os.path.join(self.dir, "policy.sock"))
        self.ends_well(process, manager)

    def test_nlb_health_is_ready_although_nlb_policy_is_away(self):
        manager, env = self.manager("health-notify")
        process = self.start(nlbtest.tool("nlb-health"), "run", "--input", "unix:policy", env=env)
        self.assertEqual(manager.recv(100), b"READY=1")
        self.ends_well(process, manager)

    def test_nlb_forward_is_ready_when_a_route_set_is_in_force(self):
        manager, env = self.manager("forward-notify")
        process = self.start(nlbtest.tool("nlb-forward"), "run", "--input", "unix:policy", env=env)
        process.err.wait_for(lambda line: "policy.sock" in line)  # it looked, and found nobody
        manager.setblocking(False)
        with self.assertRaises(BlockingIOError):
            manager.recv(100)
        manager.settimeout(nlbtest.DEADLINE)
        self.policy()
        self.assertEqual(manager.recv(100), b"READY=1")
        self.ends_well(process, manager)


nlbtest.main()
