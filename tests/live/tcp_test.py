# SPDX-License-Identifier: Apache-2.0
"""TCP connections reach their targets and come back whole: connects, exchanges, bulk, both families."""

import os
import threading

import live
import nlbtest


class Tcp(live.TestCase):
    def names_of(self, count, **where):
        """Which targets answered so many connections."""
        return {nlbtest.read_all(self.connect(**where)).decode() for _ in range(count)}

    def spread(self, six):
        servers = [self.target(i, nlbtest.say(str(i)), six=six) for i in range(3)]
        self.balance(servers)
        node = self.net.NODE6 if six else self.net.NODE
        self.assertEqual(self.names_of(60, address=node), {"0", "1", "2"})

    def test_ipv4_connections_are_spread_over_all_targets(self):
        self.spread(six=False)

    def test_ipv6_connections_are_spread_over_all_targets(self):
        self.spread(six=True)

    def exchanges(self, six):
        server = self.target(six=six)
        forward = self.balance([server])
        client = self.connect(address=self.net.NODE6 if six else self.net.NODE)
        for size in (1, 64, 1460, 9000, 65536):
            data = os.urandom(size)
            self.assertEqual(live.exchange(client, data), data)
        mine = client.getsockname()[1]
        client.close()
        flow = self.flow(forward, client_port=mine)
        self.assertEqual((flow["end"], flow["target"]),
                         ("closed", f"{server.address}:{server.port}"))

    def test_ipv4_requests_are_answered_and_recorded(self):
        self.exchanges(six=False)

    def test_ipv6_requests_are_answered_and_recorded(self):
        self.exchanges(six=True)

    def bulk(self, mebibytes, six=False, **routing):
        """So much in each direction at the same time; both ends compare digests."""
        block, seen = os.urandom(1 << 20), {}

        def serve(connection):
            sender = threading.Thread(
                target=lambda: seen.update(sent=live.send_hashed(connection, mebibytes, block)))
            sender.start()
            seen["target"] = live.receive_hashed(connection)
            sender.join()
            done.set()

        done = threading.Event()
        self.balance([self.target(0, serve, six=six)], **routing)
        client = self.connect(address=self.net.NODE6 if six else self.net.NODE)
        up = threading.Thread(
            target=lambda: seen.update(up=live.send_hashed(client, mebibytes, block)))
        up.start()
        seen["client"] = live.receive_hashed(client)
        up.join()
        self.assertTrue(done.wait(nlbtest.DEADLINE))
        self.assertEqual(seen["target"], (mebibytes << 20, seen["up"]))
        self.assertEqual(seen["client"], (mebibytes << 20, seen["sent"]))

    def test_bulk_is_unchanged_in_both_directions(self):
        self.bulk(200)

    def test_ipv6_bulk_is_unchanged_in_both_directions(self):
        self.bulk(50, six=True)

    @live.packets_only
    def test_bulk_with_the_client_address_preserved_is_unchanged(self):
        self.bulk(50, preserve_client_ip=True)

    def test_connections_through_the_node_to_a_target_itself_are_not_touched(self):
        """The node is also a router: what is not for its addresses passes."""
        server = self.target()
        self.balance([server])
        client = self.connect(server.port, server.address)
        self.assertEqual(live.exchange(client, b"direct"), b"direct")


if __name__ == "__main__":
    live.main()
