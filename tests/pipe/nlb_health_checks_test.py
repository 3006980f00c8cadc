#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks of nlb-health against servers of the distribution: nginx, openssl s_server; scripts."""

import json
import os
import shutil
import socket
import subprocess
import unittest

import nlbtest
from nlb_health_test import GROUP, HEALTH, Base, answer, group, ndjson, read_request, target, target_set

NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
OPENSSL = shutil.which("openssl")


class Checks(Base):
    def check(self, wanted_state, wanted_text, group_line, target_line, *args):
        """One check, as `once` tells of it."""
        status, out, err = self.run_tool(HEALTH, "once", "--json", *args,
                                         input=ndjson(target_set(group_line, target_line)))
        self.assert_no_crash(status, err)
        line = json.loads(out)
        self.assertEqual(line["state"], wanted_state, line)
        self.assertIn(wanted_text, line.get("description", ""))
        return line

    def certificate(self):
        """Paths of a key and a self-signed certificate that nobody could verify."""
        key, certificate = (os.path.join(self.dir, name) for name in ("key.pem", "cert.pem"))
        subprocess.run([OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=nobody", "-days",
                        "1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        return key, certificate

    def wait_listening(self, port, process):
        while process.popen.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), nlbtest.DEADLINE).close()
                return
            except ConnectionRefusedError:
                os.sched_yield()
        self.fail(f"{process.popen.args[0]} ended: {process.err.tail()}")


@unittest.skipUnless(NGINX, "nginx is not installed")
class Nginx(Checks):
    def nginx(self, listen, more=""):
        """One server block on a free port; returns the port."""
        port = nlbtest.free_port()
        tls = ""
        if "ssl" in listen:
            key, certificate = self.certificate()
            tls = f"ssl_certificate {certificate}; ssl_certificate_key {key};"
        config = self.write("nginx.conf", f"""
            daemon off; master_process off; pid {self.dir}/nginx.pid; error_log stderr;
            events {{ }}
            http {{
                access_log {self.dir}/access.log;
                client_body_temp_path {self.dir}; proxy_temp_path {self.dir};
                fastcgi_temp_path {self.dir}; uwsgi_temp_path {self.dir}; scgi_temp_path {self.dir};
                server {{
                    listen 127.0.0.1:{port} {listen};
                    {tls} {more}
                    location = /up {{ return 200 "$http_host"; }}
                    location = /moved {{ return 302 /up; }}
                    location = /down {{ return 503; }}
                }}
            }}""".encode())
        process = self.start(NGINX, "-c", config, "-p", self.dir, "-e", "stderr")
        self.wait_listening(port, process)
        return port

    def test_http(self):
        port = self.nginx("")
        http = group(check_protocol="HTTP", check_host="192.0.2.1:80")
        self.check("healthy", "", {**http, "check_path": "/up"}, target(port))
        self.check("healthy", "", {**http, "check_path": "/moved"}, target(port))
        self.check("unhealthy", "answered 302, 200 passes",
                   {**http, "check_path": "/moved", "matcher": "200"}, target(port))
        self.check("unhealthy", "answered 503, 200-399 passes", {**http, "check_path": "/down"},
                   target(port))
        self.check("unhealthy", "TLS handshake: ", {**http, "check_protocol": "HTTPS"},
                   target(port))

    def test_https_of_tls_1_2_without_a_look_at_the_certificate(self):
        port = self.nginx("ssl", "ssl_protocols TLSv1.2 TLSv1.3;")
        https = group(check_protocol="HTTPS", check_path="/up", check_host="192.0.2.1:443")
        self.check("healthy", "", https, target(port))
        self.check("unhealthy", f"GET https://127.0.0.1:{port}/down: answered 503",
                   {**https, "check_path": "/down"}, target(port))

    def test_https_of_tls_1_3_only_fails(self):
        port = self.nginx("ssl", "ssl_protocols TLSv1.3;")
        line = self.check("unhealthy", "TLS handshake: ", group(check_protocol="HTTPS"),
                          target(port))
        self.assertIn("alert protocol version (checks speak TLS 1.2 and lower)",
                      line["description"])

    def test_a_proxy_header_comes_first(self):
        plain = group(check_protocol="HTTP", check_path="/up", matcher="200")
        port = self.nginx("proxy_protocol")
        self.check("healthy", "", {**plain, "proxy_protocol_v2": True}, target(port))
        self.check("unhealthy", "connection", plain, target(port))

    def test_a_proxy_header_comes_before_tls(self):
        port = self.nginx("ssl proxy_protocol", "ssl_protocols TLSv1.2;")
        self.check("healthy", "", group(check_protocol="HTTPS", check_path="/up",
                                        proxy_protocol_v2=True), target(port))


@unittest.skipUnless(OPENSSL, "openssl is not installed")
class SServer(Checks):
    def s_server(self, *args):
        port = nlbtest.free_port()
        key, certificate = self.certificate()
        process = self.start(OPENSSL, "s_server", "-accept", f"127.0.0.1:{port}", "-key", key,
                             "-cert", certificate, "-www", *args)
        process.out.wait_for(lambda line: "ACCEPT" in line)
        return port

    def test_versions(self):
        https = group(check_protocol="HTTPS")
        self.check("healthy", "", https, target(self.s_server("-tls1_2")))
        self.check("healthy", "", https,
                   target(self.s_server("-tls1", "-cipher", "ALL:@SECLEVEL=0")))
        self.check("unhealthy", "alert protocol version", https, target(self.s_server("-tls1_3")))


class Answers(Checks):
    def test_chunked_slow_and_bare_answers(self):
        def slowly(connection):
            read_request(connection)
            for byte in b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n":
                connection.sendall(bytes([byte]))

        http = group(check_protocol="HTTP")
        self.check("healthy", "", http, target(self.server(slowly).port))
        self.check("healthy", "", http, target(self.server(answer("HTTP/1.1 200\r\n\r\n")).port))

    def test_tls_that_ends_or_stalls_in_the_middle(self):
        https = group(check_protocol="HTTPS", check_timeout_ms=100)
        self.check("unhealthy", "no TLS session within 100 ms", https, target(self.stall().port))
        self.check("unhealthy", "connection closed, 0 bytes of a response came", https,
                   target(self.server(lambda connection: connection.recv(65536)).port))

    def test_tcp_with_a_proxy_header(self):
        seen = []
        server = self.server(lambda connection: seen.append(nlbtest.read_all(connection)))
        self.check("healthy", "", group(proxy_protocol_v2=True), target(server.port))
        server.close()
        while not seen:
            os.sched_yield()
        self.assertEqual(seen, [b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"])

    def test_a_source_address(self):
        seen = []

        def serve(connection):
            seen.append(connection.getpeername()[0])
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

        server = self.server(serve)
        http = group(check_protocol="HTTP")
        self.check("healthy", "", {**http, "check_source": "127.0.0.77"}, target(server.port))
        status, _, err = self.run_tool(HEALTH, "once", input=ndjson(target_set(
            {**http, "check_source": "192.0.2.77"}, target(server.port))))
        self.assertEqual(status, 0)
        self.assertIn("checks cannot come from 192.0.2.77", err)
        self.assertEqual(seen, ["127.0.0.77", "127.0.0.1"])


class Scripts(Checks):
    def script(self, text):
        """A folder with one script, `probe`."""
        folder = os.path.join(self.dir, "scripts")
        os.mkdir(folder)
        path = os.path.join(folder, "probe")
        with open(path, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n" + text)
        os.chmod(path, 0o700)
        return folder

    def test_status_decides_and_the_first_line_is_told(self):
        folder = self.script('echo "$1 $2 $NLB_ADDRESS $NLB_PORT"; test "$2" = 17')
        scripted = group(check_exec="probe")
        self.check("healthy", "", scripted, target(17), "--scripts", folder)
        line = self.check("unhealthy", "script probe 127.0.0.1:18: exit status 1: "
                          "'127.0.0.1 18 127.0.0.1 18'", scripted, target(18), "--scripts", folder)
        self.assertEqual(line["reason"], "Target.FailedHealthChecks")

    def test_a_script_that_does_not_end_is_killed_with_all_it_started(self):
        fifo = os.path.join(self.dir, "alive")
        os.mkfifo(fifo)
        folder = self.script(f"exec 3>{fifo}\nsleep 1000 & wait")
        process = self.start(HEALTH, "run", "--scripts", folder)
        process.send(*target_set(group(check_exec="probe", check_timeout_ms=100), target(17)))
        with open(fifo, "rb") as alive:  # ends when nobody holds it open any more
            process.out.wait_for_message("target-health", state="unhealthy")
            process.signal(nlbtest.TERM)
            self.assertEqual(process.wait(), 0)
            self.assertEqual(alive.read(), b"")

    def test_without_a_folder_or_a_script_the_target_is_unavailable(self):
        self.check("unavailable", "no folder of scripts was given (--scripts)",
                   group(check_exec="probe"), target(17))
        folder = self.script("true")
        self.check("unavailable", "No such file or directory", group(check_exec="other"),
                   target(17), "--scripts", folder)


class Decisions(Checks):
    def test_unused_and_draining_targets(self):
        alive = self.server().port
        process = self.start(HEALTH, "run")
        lines = [target(alive, name="on:1"), {**target(alive, name="off:1"), "state": "unused"},
                 {**target(alive, name="old:1"), "state": "draining"}]
        process.send(*target_set(group(), *lines))
        process.out.wait_for_message("target-health", target="on:1", state="healthy")
        unused = [json.loads(line) for line in process.out.seen if '"off:1"' in line]
        self.assertEqual([(u["state"], u["reason"], u["description"]) for u in unused],
                         [("unused", "Target.NotInUse", "Target group is not configured to receive "
                           "traffic from the load balancer")])
        draining = [json.loads(line) for line in process.out.seen if '"old:1"' in line]
        self.assertEqual({(d["state"], d["reason"]) for d in draining},
                         {("draining", "Target.DeregistrationInProgress")})

    def test_flows_take_a_target_out_before_checks_do(self):
        server = self.server()
        process = self.start(HEALTH, "run")
        process.send(*target_set(group(check_interval_ms=300_000), target(server.port, name="t:1")))
        process.out.wait_for_message("target-health", state="healthy")
        evidence = {"type": "target-evidence", "group": GROUP, "target": "t:1", "zone": "z",
                    "kind": "refused", "count": 1}
        process.send(evidence, {**evidence, "kind": "silent"})
        out = process.out.wait_for_message("target-health", target="t:1", state="unhealthy")
        self.assertEqual(out["description"], "Health checks failed: 1 flow of zone 'z' silent")
        self.assertEqual(out["probe_seq"], 1)

    def test_checks_bring_it_back(self):
        server = self.server()
        process = self.start(HEALTH, "run")
        process.send(*target_set(group(), target(server.port, name="t:1")))
        process.out.wait_for_message("target-health", state="healthy")
        process.send({"type": "target-evidence", "group": GROUP, "target": "t:1", "zone": "z",
                      "kind": "reset", "count": 4})
        process.out.wait_for_message("target-health", state="unhealthy")
        process.out.wait_for_message("target-health", state="healthy")


if __name__ == "__main__":
    nlbtest.main()
