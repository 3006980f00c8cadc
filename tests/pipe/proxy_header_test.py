# SPDX-License-Identifier: Apache-2.0
"""nlb-forward run with proxy_protocol_v2: what targets are told of their clients, before any data."""

import http.client
import os
import queue
import shutil
import socket
import unittest

import nlbtest
import proxyheader
from forwarder import Forwarder, listener, route, routing, was_reset

PATH = os.environ["PATH"] + ":/usr/sbin"
NGINX, HAPROXY = shutil.which("nginx", path=PATH), shutil.which("haproxy", path=PATH)


class Proxied(Forwarder):
    def proxied(self, *ports, address="127.0.0.1", options=(), **more):
        """A forwarder whose group wants the header: (process, port)."""
        port = nlbtest.free_port(address)
        forward = self.forward(listener(port, address, **more), routing(proxy_protocol_v2=True),
                               *[route(target) for target in ports], options=options)
        return forward, port

    def setUp(self):
        super().setUp()
        self.headers = queue.Queue()  # raw

    def note_and_echo(self, connection):
        self.headers.put(proxyheader.read(connection))
        nlbtest.echo(connection)

    def header(self):
        raw = self.headers.get(timeout=nlbtest.DEADLINE)
        self.assertTrue(proxyheader.checksum_is_right(raw))
        return proxyheader.parse(raw)


class Header(Proxied):
    def test_says_who_the_client_is_and_is_not_counted(self):
        forward, port = self.proxied(self.serve(self.note_and_echo).port)
        client = self.connect(port)
        client.sendall(b"hello")
        self.assertEqual(client.recv(10), b"hello")
        header = self.header()
        self.assertEqual((header.local, header.family, header.transport), (False, 1, 1))
        self.assertEqual(header.source, client.getsockname())
        self.assertEqual(header.destination, ("127.0.0.1", port))
        self.assertEqual([kind for kind, _ in header.tlvs], [proxyheader.CRC32C, proxyheader.NOOP])
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(client.recv(10), b"")
        flow = self.flow(forward)
        self.assertEqual((flow["client_bytes"], flow["target_bytes"]), (5, 5))
        self.assertEqual(self.counter(forward, "ProcessedBytes"), 10)

    def test_comes_from_a_client_that_is_silent(self):
        _, port = self.proxied(self.serve(self.note_and_echo).port)
        client = self.connect(port)
        self.assertEqual(self.header().source, client.getsockname())

    def test_comes_from_a_client_that_only_ended_its_direction(self):
        _, port = self.proxied(self.serve(self.note_and_echo).port)
        client = self.connect(port)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(client.recv(10), b"")
        self.assertEqual(self.header().source, client.getsockname())

    def test_of_ipv6_clients_of_an_ipv4_target(self):
        _, port = self.proxied(self.serve(self.note_and_echo).port, address="::1")
        client = self.connect(port, "::1")
        header = self.header()
        self.assertEqual(header.family, 2)
        self.assertEqual(header.source, client.getsockname()[:2])
        self.assertEqual(header.destination, ("::1", port))

    def test_names_the_endpoint_of_the_listener(self):
        _, port = self.proxied(self.serve(self.note_and_echo).port,
                               vpc_endpoint_id="vpce-08d2bf15fac5001c9")
        self.connect(port)
        raw = self.headers.get(timeout=nlbtest.DEADLINE)
        self.assertEqual(len(raw), 100)
        self.assertEqual(proxyheader.parse(raw).tlvs[1:],
                         [(proxyheader.AWS, b"\1vpce-08d2bf15fac5001c9"),
                          (proxyheader.NOOP, bytes(36))])

    def test_precedes_a_header_of_the_client_and_replaces_nothing(self):
        _, port = self.proxied(self.serve(self.note_and_echo).port)
        client = self.connect(port)
        own = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"
        client.sendall(own)
        self.assertEqual(client.recv(100), own)
        self.header()

    def test_is_of_new_connections_only_when_it_is_turned_on(self):
        server = self.serve(nlbtest.echo)
        forward, port = self.to(server)
        before = self.connect(port)
        before.sendall(b"x")
        self.assertEqual(before.recv(1), b"x")
        noting = self.serve(self.note_and_echo)
        self.apply(forward, listener(port), routing(proxy_protocol_v2=True), route(noting.port))
        after = self.connect(port)
        self.assertEqual(self.header().source, after.getsockname())
        before.sendall(b"y")
        self.assertEqual(before.recv(1), b"y")

    def test_early_data_of_any_size_follows_it(self):
        data = os.urandom(3_000_000)
        got = queue.Queue()

        def take(connection):
            self.headers.put(proxyheader.read(connection))
            got.put(nlbtest.read_all(connection))

        _, port = self.proxied(self.serve(take).port)
        client = self.connect(port)
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(got.get(timeout=nlbtest.DEADLINE), data)
        self.assertEqual(self.header().source, client.getsockname())

    def test_a_target_that_refuses_is_told_nothing(self):
        forward, port = self.proxied(nlbtest.free_port())
        self.assertTrue(was_reset(lambda: self.connect(port)))
        self.assertEqual(self.flow(forward)["end"], "target-refused")


class Consumers(Proxied):
    """Servers of the distribution that read the header; each answers with what it was told."""

    def ask(self, port, address="127.0.0.1"):
        """(the body of the answer, the client's own end, the listener's)."""
        connection = http.client.HTTPConnection(address, port, timeout=nlbtest.DEADLINE)
        self.addCleanup(connection.close)
        connection.connect()
        own = connection.sock.getsockname()[:2]
        connection.request("GET", "/")
        return connection.getresponse().read().decode().split(), own

    def check(self, target):
        for address in ("127.0.0.1", "::1"):
            _, port = self.proxied(target, address=address,
                                   vpc_endpoint_id="vpce-08d2bf15fac5001c9")
            said, own = self.ask(port, address)
            self.assertEqual(said, [own[0], str(own[1]), address, str(port)])

    def wait_listening(self, port, process):
        while process.popen.poll() is None:
            try:
                return socket.create_connection(("127.0.0.1", port), nlbtest.DEADLINE).close()
            except ConnectionRefusedError:
                os.sched_yield()
        self.fail(f"{process.args[0]} ended: {process.err.tail()}")

    @unittest.skipUnless(NGINX, "nginx is not installed")
    def test_nginx(self):
        port = nlbtest.free_port()
        config = self.write("nginx.conf", f"""
            daemon off; master_process off; pid {self.dir}/nginx.pid; error_log stderr;
            events {{ }}
            http {{
                access_log off;
                client_body_temp_path {self.dir}; proxy_temp_path {self.dir};
                fastcgi_temp_path {self.dir}; uwsgi_temp_path {self.dir}; scgi_temp_path {self.dir};
                server {{
                    listen 127.0.0.1:{port} proxy_protocol;
                    location / {{
                        return 200 "$proxy_protocol_addr $proxy_protocol_port
                                    $proxy_protocol_server_addr $proxy_protocol_server_port";
                    }}
                }}
            }}""")
        self.wait_listening(port, self.start(NGINX, "-c", config, "-p", self.dir, "-e", "stderr"))
        self.check(port)

    @unittest.skipUnless(HAPROXY, "haproxy is not installed")
    def test_haproxy(self):
        port = nlbtest.free_port()
        config = self.write("haproxy.cfg", f"""
defaults
    mode http
    timeout client 30s
    timeout connect 30s
    timeout server 30s
frontend told
    bind 127.0.0.1:{port} accept-proxy
    http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst] %[dst_port]"
""")
        self.wait_listening(port, self.start(HAPROXY, "-db", "-f", config))
        self.check(port)


if __name__ == "__main__":
    nlbtest.main()
