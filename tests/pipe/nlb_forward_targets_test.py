# SPDX-License-Identifier: Apache-2.0
"""nlb-forward run, sockets: what a route-set does to connections that are open."""

import json
import queue
import signal

import balancer
import nlbtest
from forwarder import Forwarder, listener, route, routing, was_reset


class OpenConnections(Forwarder):
    """Two targets, "bad" and "good", and a connection to each; words of `bad` change later."""

    def setUp(self):
        super().setUp()
        self.resets = queue.Queue()  # one for each connection that the bad target saw reset
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
        except ConnectionResetError:
            self.resets.put(connection)

    def lines(self, *bad, good=None, zone="a"):
        return (listener(self.port, zone=zone), routing(zone), *bad,
                good or route(self.good.port, "good", zone=zone))

    def bad_route(self, **words):
        return route(self.bad.port, "bad", **words)

    def connections(self):
        """Until each target has one; the others are closed, and their flows have ended."""
        found = {}
        while len(found) < 2:
            client = self.connect(self.port)
            name = client.recv(1)
            if name in found:
                port = client.getsockname()[1]
                client.close()
                self.forwarder.out.wait_for_message("flow", client_port=port)
            else:
                found[name] = client
                self.assert_open(client)
        return found[b"b"], found[b"g"]

    def assert_open(self, client):
        client.sendall(b"?")
        self.assertEqual(client.recv(1), b"?")

    def change(self, *bad, **more):
        self.apply(self.forwarder, *self.lines(*bad), **more)

    def change_and_reset(self, end, *bad):
        """The change resets the connection to the bad target, and none else."""
        port = self.to_bad.getsockname()[1]
        self.change(*bad, wait=False)
        self.wait_ended(end, port, {"type": "route-applied", "generation": self.generation})
        self.assertTrue(was_reset(self.to_bad))
        self.resets.get(timeout=nlbtest.DEADLINE)
        self.assertEqual(self.counter(self.forwarder, "TCP_ELB_Reset_Count"), 2)
        self.assert_open(self.to_good)
        self.assertEqual(self.connect(self.port).recv(1), b"g")

    def wait_ended(self, end, port, *others):
        """Until the flow line and the other messages have come, in whatever order."""
        flow = {"type": "flow", "end": end, "target": "bad", "client_port": port}
        self.forwarder.out.wait_for_all(*[
            lambda line, wanted=wanted: wanted.items() <= json.loads(line).items()
            for wanted in (flow, *others)])

    def test_of_a_target_that_turns_unhealthy_are_reset(self):
        self.change_and_reset("target-unhealthy", self.bad_route(eligible=False))

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
        self.change_and_reset("target-deregistered",
                              self.bad_route(eligible=False, state="unused", reason="unused",
                                             terminated=True))

    def test_go_on_when_the_group_fails_open(self):
        fails = {"state": "unhealthy", "reason": "fail-open"}
        self.apply(self.forwarder, *self.lines(self.bad_route(**fails),
                                               good=route(self.good.port, "good", **fails)))
        self.assert_open(self.to_bad)
        self.assert_open(self.to_good)
        # Another one recovers: the group does not fail open any more.
        self.change_and_reset("target-unhealthy", self.bad_route(eligible=False))

    def test_go_on_when_the_target_is_open_in_another_zone(self):
        self.change(self.bad_route(eligible=False),
                    self.bad_route(zone="b", state="unhealthy", reason="fail-open"))
        self.assert_open(self.to_bad)

    def test_of_another_target_under_the_same_name_do_not_suffer(self):
        self.change(self.bad_route(eligible=False, address="127.0.0.2"))
        self.assert_open(self.to_bad)

    def test_are_reset_while_the_process_drains(self):
        port = self.to_bad.getsockname()[1]
        self.forwarder.signal(signal.SIGTERM)
        self.forwarder.err.wait_for(lambda line: "draining" in line)
        self.change(self.bad_route(eligible=False), wait=False)
        self.assertTrue(was_reset(self.to_bad))
        self.wait_ended("target-unhealthy", port)
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


class WholeBalancer(balancer.TestCase):
    """The same from a configuration and health checks on."""

    zones = {"local-1a": "127.0.1.1"}

    def start_with(self, count, **group_attributes):
        """Targets that say their number first, and an open connection to each."""
        check = {"interval_milliseconds": 200, "timeout_milliseconds": 200}
        self.options = {"check": check, "group_attributes": group_attributes}
        for number in range(count):
            self.serve(OpenConnections.talk(str(number).encode()), "local-1a")
        self.configure(**self.options)
        self.start_daemons()
        found = {}
        while len(found) < count:
            client = self.connect()
            found.setdefault(int(client.recv(1)), client)
        return [found[number] for number in range(count)]

    def assert_open(self, client):
        client.sendall(b"?")
        self.assertEqual(client.recv(1), b"?")

    def deregister(self, server):
        self.servers.remove(server)
        self.configure(**self.options)
        self.daemons["nlb-policy"].signal(signal.SIGHUP)

    def wait_states(self, **wanted):
        """Until a route-set with these states is in force; "none": the target is not named."""
        tap, generation, states = self.taps["tap"], 0, {}
        while True:
            self.assertIsNotNone(line := tap.received.next())
            message = json.loads(line)
            if message["type"] == "set-begin":
                generation, states = message["generation"], {}
            elif message["type"] == "route":
                states[message["target"]] = message["state"]
            elif message["type"] == "set-end":
                if all(states.get(key, "none") == state for key, state in wanted.items()):
                    return balancer.wait_applied(tap.sent, int(generation))

    def test_a_target_that_fails_its_checks_while_another_passes(self):
        first, second = self.start_with(2)
        self.servers[0].close()  # listens no more; what is open stays open
        self.assertTrue(was_reset(first))
        self.assert_open(second)

    def test_a_target_that_fails_its_checks_keeps_its_connections_when_the_group_says_so(self):
        first, second = self.start_with(2, **{
            "target_health_state.unhealthy.connection_termination.enabled": False})
        self.servers[0].close()
        self.wait_states(**{self.servers[0].key: "unhealthy"})
        self.assert_open(first)
        self.assert_open(second)

    def test_the_draining_interval_of_an_unhealthy_target(self):
        first, second = self.start_with(2, **{
            "target_health_state.unhealthy.connection_termination.enabled": False,
            "target_health_state.unhealthy.draining_interval_seconds": 1})
        self.servers[0].close()
        self.wait_states(**{self.servers[0].key: "unhealthy.draining"})
        self.assert_open(first)
        self.assertTrue(was_reset(first))
        self.assert_open(second)

    def test_the_only_target_fails_its_checks(self):
        client, = self.start_with(1)
        self.servers[0].close()
        self.wait_states(**{self.servers[0].key: "unhealthy"})
        self.assert_open(client)

    def test_no_termination_after_the_delay(self):
        first, second = self.start_with(2, **{"deregistration_delay.timeout_seconds": 1})
        gone = self.servers[0]
        self.deregister(gone)
        self.wait_states(**{gone.key: "draining"})
        self.assert_open(first)
        self.wait_states(**{gone.key: "none"})
        self.assert_open(first)
        self.assert_open(second)

    def test_termination_after_the_delay(self):
        first, second = self.start_with(2, **{
            "deregistration_delay.timeout_seconds": 1,
            "deregistration_delay.connection_termination.enabled": True})
        self.deregister(self.servers[0])
        self.assertTrue(was_reset(first))
        self.assert_open(second)


if __name__ == "__main__":
    nlbtest.main()
