# SPDX-License-Identifier: Apache-2.0
"""nlb-forward run, sockets: UDP listeners."""

import asyncio
import collections
import json
import os
import shutil
import signal
import socket
import struct
import threading

import nlbtest
import udp
from forwarder import Forwarder, listener, route, routing

CLIENTS = 64  # so many of both targets' turn with all but certainty


class Udp(Forwarder):
    def target(self, *args, **options):
        target = udp.Target(*args, **options)
        self.addCleanup(target.close)
        return target

    def client(self, port, *args, **options):
        client = udp.Client(port, *args, **options)
        self.addCleanup(client.close)
        return client

    def to_udp(self, *targets, address="127.0.0.1", protocol="UDP", words=None, **options):
        """A forwarder in front of the targets: (process, port)."""
        port = nlbtest.free_port(address)
        lines = self.lines(port, *targets, address=address, protocol=protocol, **words or {})
        return self.forward(*lines, **options), port

    @staticmethod
    def lines(port, *targets, address="127.0.0.1", protocol="UDP", **words):
        return (listener(port, address, protocol=protocol),
                routing(source=targets[0].address, **words),
                *[route(t.port, address=t.address) for t in targets])

    def counters(self, forward):
        """All of a forwarder with one listener; those that are absent are 0."""
        forward.signal(signal.SIGUSR1)
        found = collections.Counter()
        while "StrayDatagramCount" not in found:  # the last one
            line = forward.out.wait_for_message("counter")
            found[line["name"]] = line["value"]
        return found

    def wait_counter(self, forward, name, value):
        """Until a counter that only grows has the value, and no more."""
        while (count := self.counters(forward)[name]) < value:
            pass
        self.assertEqual(count, value)


class Datagrams(Udp):
    def test_go_there_and_back(self):
        forward, port = self.to_udp(self.target(b"a:"))
        client = self.client(port)
        self.assertEqual(client.ask(b"one"), b"a:one")
        self.assertEqual(client.ask(b"two"), b"a:two")
        counts = self.counters(forward)
        self.assertEqual((counts["ActiveFlowCount"], counts["NewFlowCount"]), (1, 1))
        self.assertEqual(counts["ProcessedBytes"], 16)
        forward.signal(signal.SIGTERM)
        flow = self.flow(forward, end="stopped")
        self.assertEqual(flow["protocol"], "udp")
        self.assertEqual(flow["client_port"], client.port)
        self.assertEqual((flow["client_bytes"], flow["target_bytes"]), (6, 10))
        self.assertEqual(forward.wait(), 0)

    def test_answers_come_from_the_listener(self):
        _, port = self.to_udp(self.target(), address="127.0.0.5")
        self.assertEqual(self.client(port, "127.0.0.5").ask(), b"?")

    def test_of_every_length_pass(self):
        _, port = self.to_udp(self.target())
        client = self.client(port)
        for length in (0, 1, 1472, 1473, 9000, udp.LARGEST):
            data = os.urandom(length)
            self.assertEqual(client.ask(data), data)

    def test_keep_their_order_and_length_when_many_come_at_once(self):
        _, port = self.to_udp(self.target(), threads=1)
        clients = [self.client(port) for _ in range(4)]
        # No more than the queue of any socket on the way has room for.
        sent = [struct.pack("!I", number) * (1 + number // 5 % 3) for number in range(20)]
        for data in sent:
            for client in clients:
                client.send(data)
        for client in clients:
            self.assertEqual([client.receive() for _ in sent], sent)

    def test_that_came_joined_are_single_again(self):
        _, port = self.to_udp(self.target())
        client = self.client(port)
        sent = [bytes([number]) * 100 for number in range(20)] + [b"last"]
        size = struct.pack("H", 100)
        udp_segment = 103  # [udp(7)]
        client.socket.sendmsg([b"".join(sent)], [(socket.SOL_UDP, udp_segment, size)])
        self.assertEqual([client.receive() for _ in sent], sent)

    def test_of_strangers_do_not_reach_the_client(self):
        target = self.target()
        forward, port = self.to_udp(target)
        client = self.client(port)
        client.ask()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(b"forged", target.seen[0])
        self.wait_counter(forward, "StrayDatagramCount", 1)
        self.assertEqual(client.ask(b"true"), b"true")

    def test_carry_a_proxy_header_each(self):
        _, port = self.to_udp(self.target(), words={"proxy_protocol_v2": True})
        client = self.client(port)
        for data in (b"one", b"", os.urandom(5000)):
            answer = client.ask(data)
            self.assertEqual(answer[100:], data)
            status, out, _ = self.run_tool(nlbtest.tool("nlb-forward"), "proxy-header", "decode",
                                           "--json", input=answer)
            header = json.loads(out)
            self.assertEqual((status, header["protocol"], header["bytes"]), (0, "udp", 100))
            self.assertEqual((header["source_address"], header["source_port"]),
                             ("127.0.0.1", client.port))
            self.assertEqual(header["destination_port"], port)

    def test_without_a_target_are_counted(self):
        port = nlbtest.free_port()
        forward = self.forward(listener(port, protocol="UDP"), routing())
        self.client(port).send(b"?")
        self.wait_counter(forward, "DatagramDrop.no-target", 1)
        self.assertEqual(self.counters(forward)["NewFlowCount"], 0)

    def test_by_both_versions_of_ip(self):
        for client_address, target_address in (("127.0.0.1", "::1"), ("::1", "127.0.0.1"),
                                               ("::1", "::1")):
            with self.subTest(client=client_address, target=target_address):
                _, port = self.to_udp(self.target(address=target_address), address=client_address)
                client = self.client(port, client_address)
                for data in (b"one", b"", os.urandom(20000)):
                    self.assertEqual(client.ask(data), data)

    def test_by_both_addresses_of_a_dualstack_listener(self):
        target, port = self.target(), nlbtest.free_port("::1")
        self.forward(listener(port, "127.0.0.1", protocol="UDP"), listener(port, "::1", protocol="UDP"),
                     routing(), route(target.port))
        for address in ("127.0.0.1", "::1"):
            self.assertEqual(self.client(port, address).ask(), b"?")


class Flows(Udp):
    def test_stay_with_their_target(self):
        _, port = self.to_udp(self.target(b"a"), self.target(b"b"))
        clients = [self.client(port) for _ in range(CLIENTS)]
        first = [client.ask(b"") for client in clients]
        self.assertEqual(set(first), {b"a", b"b"})
        for _ in range(3):
            self.assertEqual([client.ask(b"") for client in clients], first)

    def test_of_one_source_address_have_one_target_when_sticky(self):
        _, port = self.to_udp(self.target(b"a"), self.target(b"b"), words={"sticky": True})
        self.assertEqual(len({self.client(port).ask(b"") for _ in range(CLIENTS)}), 1)

    def test_to_many_targets_share_source_ports(self):
        targets = [self.target() for _ in range(8)]
        _, port = self.to_udp(*targets, threads=1)
        for _ in range(CLIENTS):
            self.client(port).ask()
        for target in targets:
            self.assertTrue(target.seen)
        self.assertLess(len({end for target in targets for end in target.seen}), CLIENTS)

    def test_end_with_their_listener(self):
        target = self.target()
        forward, port = self.to_udp(target, threads=1)  # whose word is that of all
        client = self.client(port)
        client.ask()
        self.apply(forward, wait=False)
        self.assertEqual(self.flow(forward, end="listener-removed")["client_port"], client.port)
        # The port is closed: the kernel tells the next one who knocks.
        with self.assertRaises(ConnectionRefusedError):
            self.client(port).ask()

    def test_of_a_port_in_use_are_no_ones_but_its_owners(self):
        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        port, target = taken.getsockname()[1], self.target()
        forward = self.forward(*self.lines(port, target))
        forward.err.wait_for(lambda line: "for UDP: Address already in use" in line)
        taken.close()
        forward.out.wait_for_message("listener-state", bound=True)
        self.assertEqual(self.client(port).ask(), b"?")

    def test_are_not_shared_with_another_process(self):
        target = self.target()
        _, port = self.to_udp(target)
        other = self.forward(*self.lines(port, target), wait=False)
        state = other.out.wait_for_message("listener-state")
        self.assertEqual(state["bound"], False)

    def test_go_on_while_they_are_used_and_the_process_drains(self):
        forward, port = self.to_udp(self.target())
        used, idle = self.client(port), self.client(port)
        used.ask()
        idle.ask()
        forward.signal(signal.SIGTERM)
        forward.err.wait_for(lambda line: "draining" in line)
        ended = []

        def wait():
            ended.append(self.flow(forward)["client_port"])

        waiting = threading.Thread(target=wait)
        waiting.start()
        while waiting.is_alive():
            self.assertEqual(used.ask(), b"?")
        self.assertEqual(ended, [idle.port])
        self.client(port).send(b"a flow that does not come to life")
        self.assertEqual(self.flow(forward)["client_port"], used.port)
        self.assertEqual(forward.wait(), 0)


class Targets(Udp):
    """Two targets, "bad" and "good", and a client of the bad one; words of `bad` change later."""

    def setUp(self):
        super().setUp()
        self.bad, self.good = self.target(b"bad"), self.target(b"good")
        self.forwarder, self.port = self.to_udp(self.bad, self.good)
        self.to_bad = self.client_of(b"bad")

    def client_of(self, name):
        while (client := self.client(self.port)).ask(b"") != name:
            pass
        return client

    def change(self, *bad, **options):
        self.apply(self.forwarder, listener(self.port, protocol="UDP"), routing(), *bad,
                   route(self.good.port), **options)

    def bad_route(self, **words):
        return route(self.bad.port, **words)

    def change_and_move(self, end, *bad):
        """The change ends the flow of the bad target's client, whose next one is of the good one."""
        self.change(*bad, wait=False)
        flow = {"type": "flow", "end": end, "client_port": self.to_bad.port,
                "target": f"t:{self.bad.port}"}
        self.forwarder.out.wait_for_all(*[
            lambda line, wanted=wanted: wanted.items() <= json.loads(line).items()
            for wanted in (flow, {"type": "route-applied", "generation": self.generation})])
        self.assertEqual(self.to_bad.ask(b""), b"good")

    def test_that_turn_unhealthy_lose_their_flows(self):
        self.change_and_move("target-unhealthy", self.bad_route(eligible=False))

    def test_that_are_drained_keep_them_until_they_are_not_registered(self):
        self.change(self.bad_route(eligible=False, state="draining", reason="draining"))
        self.assertEqual(self.to_bad.ask(b""), b"bad")
        self.change_and_move("target-deregistered")

    def test_whose_flows_are_terminated_lose_them(self):
        self.change_and_move("target-deregistered",
                             self.bad_route(eligible=False, state="unused", reason="unused",
                                            terminated=True))

    def test_that_fail_open_keep_them(self):
        self.change(self.bad_route(state="unhealthy", reason="fail-open"))
        self.assertEqual(self.to_bad.ask(b""), b"bad")

    def test_that_refuse_are_left_once_another_is_to_be_had(self):
        self.bad.close()
        for refused in (1, 2):
            self.to_bad.send(b"?")
            self.wait_counter(self.forwarder, "DatagramDrop.target-refused", refused)
        self.change(self.bad_route(eligible=False, state="draining", reason="draining"))
        self.assertEqual(self.to_bad.ask(b""), b"good")
        self.flow(self.forwarder, end="target-refused", client_port=self.to_bad.port)

    def test_that_refuse_are_no_evidence(self):
        self.bad.close()
        self.to_bad.send(b"?")
        self.wait_counter(self.forwarder, "DatagramDrop.target-refused", 1)
        self.forwarder.signal(signal.SIGTERM)
        self.assertEqual(self.forwarder.wait(), 0)
        self.assertFalse([line for line in self.forwarder.out.seen + self.forwarder.out.rest()
                          if "target-evidence" in line])

    def test_that_refused_for_a_while_are_heard_again(self):
        self.bad.close()
        self.to_bad.send(b"?")
        self.wait_counter(self.forwarder, "DatagramDrop.target-refused", 1)
        again = self.target(b"bad", port=self.bad.port)
        self.assertEqual(self.to_bad.ask(b""), b"bad")
        self.assertEqual(again.heard, 1)


class Programs(Udp):
    def test_dns_over_both_protocols_of_one_port(self):
        program = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        self.assertIsNotNone(program, "dnsmasq is not installed")
        target, port = nlbtest.free_port(), nlbtest.free_port()
        dns = self.start(program, "--no-daemon", "--no-resolv", "--no-hosts", f"--port={target}",
                         "--listen-address=127.0.0.1", "--bind-interfaces", "--user=", "--group=",
                         "--address=/name.example/192.0.2.53", "--pid-file=")
        dns.err.wait_for(lambda line: "started" in line)
        self.forward(listener(port, protocol="TCP_UDP"), routing(), route(target))
        question = (b"\4name\7example\0" + struct.pack("!HH", 1, 1))
        query = struct.pack("!6H", 1234, 0x0100, 1, 0, 0, 0) + question
        by_udp = self.client(port).ask(query)
        by_tcp = self.connect(port)
        by_tcp.sendall(struct.pack("!H", len(query)) + query)
        length, = struct.unpack("!H", by_tcp.recv(2, socket.MSG_WAITALL))
        self.assertEqual(by_tcp.recv(length, socket.MSG_WAITALL), by_udp)
        self.assertTrue(by_udp.endswith(socket.inet_aton("192.0.2.53")))

    def test_an_asyncio_server_and_many_clients(self):
        counts = asyncio.run(self.exchange(50, 20))
        self.assertEqual(counts, [20] * 50)

    async def exchange(self, clients, rounds):
        """Answers that each client got."""
        loop = asyncio.get_running_loop()

        class Echo(asyncio.DatagramProtocol):
            def connection_made(self, transport):
                self.transport = transport

            def datagram_received(self, data, sender):
                self.transport.sendto(data, sender)

        server, _ = await loop.create_datagram_endpoint(Echo, ("127.0.0.1", 0))
        port = nlbtest.free_port()
        self.forward(listener(port, protocol="UDP"), routing(),
                     route(server.get_extra_info("sockname")[1]))

        class Asking(asyncio.DatagramProtocol):
            def __init__(self):
                self.count, self.done = 0, loop.create_future()

            def connection_made(self, transport):
                self.transport = transport
                transport.sendto(b"0")

            def datagram_received(self, data, sender):
                self.count += data == str(self.count).encode()
                if self.count == rounds:
                    self.done.set_result(self.count)
                else:
                    self.transport.sendto(str(self.count).encode())

        pairs = [await loop.create_datagram_endpoint(Asking, remote_addr=("127.0.0.1", port))
                 for _ in range(clients)]
        counts = [await asyncio.wait_for(asking.done, nlbtest.DEADLINE) for _, asking in pairs]
        for transport in [server, *[transport for transport, _ in pairs]]:
            transport.close()
        return counts


if __name__ == "__main__":
    nlbtest.main()
