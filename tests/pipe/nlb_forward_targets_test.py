# SPDX-License-Identifier: Apache-2.0
"""nlb-forward run, sockets: what a route-set does to connections that are open."""

import queue
import signal

import nlbtest
from forwarder import Forwarder, listener, route, routing, was_reset


class OpenConnections(Forwarder):
    """Two targets, "bad" and "good", and a connection to each; words of `bad` change later."""

    def setUp(self):
        super().setUp()
        self.ends = queue.Queue()  # of the bad target's side: was it reset?
        self.bad = self.serve(self.talk_and_watch)
        self.good = self.serve(self.talk(b"g"))
        self.port = nlbtest.free_port()
        self.forwarder = self.forward(*self.lines(self.bad_route()))
        self.to_bad, self.to_good = self.connections()

    @staticmethod
    def talk(name):
        def serve(connection):
            connection.sendall(name)
            nlbtest.echo(connection)
        return serve

    def talk_and_watch(self, connection):
        connection.sendall(b"b")
        try:
            nlbtest.echo(connection)
            self.ends.put(False)
        except ConnectionResetError:
            self.ends.put(True)

    def lines(self, *bad, good=None, zone="a"):
        return (listener(self.port, zone=zone), routing(zone), *bad,
                good or route(self.good.port, "good", zone=zone))

    def bad_route(self, **words):
        return route(self.bad.port, "bad", **words)

    def connections(self):
        """Until each target has one; the others are closed."""
        found = {}
        while len(found) < 2:
            client = self.connect(self.port)
            name = client.recv(1)
            if name in found:
                client.close()
                self.flow(self.forwarder)
            else:
                found[name] = client
                self.assert_open(client)
        while not self.ends.empty():
            self.ends.get()
        return found[b"b"], found[b"g"]

    def assert_open(self, client):
        client.sendall(b"?")
        self.assertEqual(client.recv(1), b"?")

    def assert_reset(self, end):
        self.assertTrue(was_reset(self.to_bad))
        self.assertTrue(self.ends.get(timeout=nlbtest.DEADLINE))
        flow = self.flow(self.forwarder, end=end)
        self.assertEqual(flow["target"], "bad")
        self.assertEqual(flow["client_port"], self.to_bad_port)
        self.assertEqual(self.counter(self.forwarder, "TCP_ELB_Reset_Count"), 2)
        self.assert_open(self.to_good)
        self.assertEqual(self.connect(self.port).recv(1), b"g")

    def change(self, *bad, **more):
        self.to_bad_port = self.to_bad.getsockname()[1]
        self.apply(self.forwarder, *self.lines(*bad, **more))

    def test_of_a_target_that_turns_unhealthy_are_reset(self):
        self.change(self.bad_route(eligible=False))
        self.assert_reset("target-unhealthy")

    def test_of_a_deregistered_target_go_on(self):
        self.change(self.bad_route(eligible=False, state="draining", reason="draining"))
        self.assert_open(self.to_bad)
        self.change()  # the delay is over, connections are not to be terminated
        self.assert_open(self.to_bad)
        self.assert_open(self.to_good)

    def test_of_a_deregistered_target_are_reset_when_they_are_to_be_terminated(self):
        draining = {"eligible": False, "state": "draining", "reason": "draining"}
        self.change(self.bad_route(**draining))
        self.assert_open(self.to_bad)
        self.change(self.bad_route(eligible=False, state="unused", reason="unused",
                                   terminated=True))
        self.assert_reset("target-deregistered")

    def test_go_on_when_the_group_fails_open(self):
        fails = {"state": "unhealthy", "reason": "fail-open"}
        self.change(self.bad_route(**fails), good=route(self.good.port, "good", **fails))
        self.assert_open(self.to_bad)
        self.assert_open(self.to_good)
        # Another one recovers: the group does not fail open any more.
        self.change(self.bad_route(eligible=False))
        self.assert_reset("target-unhealthy")

    def test_go_on_when_the_target_is_open_in_another_zone(self):
        self.change(self.bad_route(eligible=False),
                    self.bad_route(zone="b", state="unhealthy", reason="fail-open"))
        self.assert_open(self.to_bad)

    def test_of_another_target_under_the_same_name_do_not_suffer(self):
        self.change(self.bad_route(eligible=False, address="127.0.0.2"))
        self.assert_open(self.to_bad)

    def test_are_reset_while_the_process_drains(self):
        self.to_bad_port = self.to_bad.getsockname()[1]
        self.forwarder.signal(signal.SIGTERM)
        self.forwarder.err.wait_for(lambda line: "draining 2 connections" in line)
        self.apply(self.forwarder, *self.lines(self.bad_route(eligible=False)), wait=False)
        self.assertTrue(was_reset(self.to_bad))
        self.flow(self.forwarder, end="target-unhealthy", client_port=self.to_bad_port)
        self.assert_open(self.to_good)
        self.to_good.close()
        self.assertEqual(self.forwarder.wait(), 0)

    def test_of_a_target_that_recovers_and_fails_again_are_reset(self):
        self.change(self.bad_route(eligible=False))
        self.assertTrue(was_reset(self.to_bad))
        self.change(self.bad_route())
        self.to_bad, self.to_good = self.connections()
        self.change(self.bad_route(eligible=False))
        self.assertTrue(was_reset(self.to_bad))
        self.assert_open(self.to_good)


if __name__ == "__main__":
    nlbtest.main()
