# SPDX-License-Identifier: Apache-2.0
"""nlb-forward run, sockets: UDP listeners."""

import signal

import nlbtest
import udp
from forwarder import Forwarder, listener, route, routing


class Udp(Forwarder):
    def target(self, *args, **options):
        target = udp.Target(*args, **options)
        self.addCleanup(target.close)
        return target

    def client(self, port, *args, **options):
        client = udp.Client(port, *args, **options)
        self.addCleanup(client.close)
        return client

    def to_udp(self, *targets, address="127.0.0.1", protocol="UDP", **options):
        """A forwarder in front of the targets: (process, port)."""
        port = nlbtest.free_port(address)
        forward = self.forward(*self.lines(port, *targets, address=address, protocol=protocol),
                               **options)
        return forward, port

    @staticmethod
    def lines(port, *targets, address="127.0.0.1", protocol="UDP", **routing_words):
        return (listener(port, address, protocol=protocol),
                routing(source=targets[0].address, **routing_words),
                *[route(t.port, address=t.address) for t in targets])


class Datagrams(Udp):
    def test_go_there_and_back(self):
        forward, port = self.to_udp(self.target(b"a:"))
        client = self.client(port)
        self.assertEqual(client.ask(b"one"), b"a:one")
        self.assertEqual(client.ask(b"two"), b"a:two")
        forward.signal(signal.SIGTERM)
        flow = self.flow(forward, end="stopped")
        self.assertEqual(flow["protocol"], "udp")
        self.assertEqual(flow["client_port"], client.port)
        self.assertEqual((flow["client_bytes"], flow["target_bytes"]), (6, 10))
        self.assertEqual(forward.wait(), 0)

    def test_answers_come_from_the_listener(self):
        _, port = self.to_udp(self.target(), address="127.0.0.5")
        self.assertEqual(self.client(port, "127.0.0.5").ask(), b"?")


if __name__ == "__main__":
    nlbtest.main()
