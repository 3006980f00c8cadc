# SPDX-License-Identifier: Apache-2.0
"""nlb-logs collect into a bucket: signed as the service wants it, through every outage."""

import functools
import gzip
import json
import os
import re
import signal
import socket
import unittest
import urllib.parse

import nlbtest
import s3
from collect import Collect
from nlbtest import tool

ID = "net/web/50dc6c495c0c9188"


def entry(number):
    return (f"tls 2.0 2026-05-01T00:00:09 {ID} g3 203.0.113.9:40000 10.0.0.1:443 12 4 {number} 200 "
            "- - - TLS_AES_128_GCM_SHA256 tlsv13 x25519 www.example.com - - - 2026-05-01T00:00:08\n")


class Bucket(nlbtest.TestCase):
    def setUp(self):
        super().setUp()
        self.spool = os.path.join(self.dir, "spool")
        self.stub = s3.S3()
        self.addCleanup(lambda: self.stub.close())

    def collect(self, *options, text=entry(1), bucket="logs", env=None, status=0):
        done = self.run_tool(tool("nlb-logs"), "collect", "--bucket", bucket, "--spool", self.spool,
                             *options, input=text.encode(), env=env or s3.environment(self.stub))
        self.assertEqual(done[0], status, done[2])
        return done[2]

    def spooled(self):
        return [name for name in os.listdir(self.spool) if name.endswith(".segment")]

    def test_a_file_has_its_key_and_its_headers(self):
        self.collect("--prefix", "a b/c+d=e", "--account", "111122223333", "--region", "eu-west-1")
        ((key, body),) = self.stub.logs().items()
        self.assertRegex(
            key, r"^a b/c\+d=e/AWSLogs/111122223333/elasticloadbalancing/eu-west-1/\d{4}/\d\d/\d\d/"
            r"111122223333_elasticloadbalancing_eu-west-1_net\.web\.50dc6c495c0c9188_"
            r"20260501T0005Z_[a-z0-9]{8}\.log\.gz$")
        self.assertEqual(gzip.decompress(body).decode(), entry(1))
        _, headers = self.stub.objects["logs", key]
        self.assertEqual(headers["x-amz-acl"], "bucket-owner-full-control")
        self.assertNotIn("x-amz-server-side-encryption", headers)
        self.assertIn(("logs", "a b/c+d=e/AWSLogs/111122223333/ELBAccessLogTestFile"),
                      self.stub.objects)
        self.assertEqual(self.spooled(), [])

    def kept_headers(self):
        ((_, headers),) = [v for (_, k), v in self.stub.objects.items() if k.endswith(".gz")]
        return headers

    def test_encryption_with_the_keys_of_the_service_is_asked_for(self):
        self.stub.encryption = ("AES256", None)
        self.collect("--sse", "AES256")
        self.assertNotIn("x-amz-server-side-encryption-aws-kms-key-id", self.kept_headers())

    def test_encryption_with_a_key_of_the_customer_is_asked_for(self):
        key = "arn:aws:kms:eu-west-1:1:key/2"
        self.stub.encryption = ("aws:kms", key)
        self.collect("--sse", "aws:kms", "--sse-kms-key-id", key)
        self.assertEqual(len(self.stub.logs()), 1)

    def test_a_bucket_that_wants_other_encryption_refuses_and_nothing_is_lost(self):
        self.stub.encryption = ("aws:kms", None)
        for options in ((), ("--sse", "AES256")):
            self.assertIn("403 AccessDenied: the policy wants x-amz-server-side-encryption",
                          self.collect(*options, status=4, text=entry(1) if not options else ""))
        self.assertEqual(self.stub.logs(), {})
        self.collect("--sse", "aws:kms", text="")
        self.assertEqual(len(self.stub.logs()), 1)

    def test_session_tokens_are_signed(self):
        self.collect(env=s3.environment(self.stub, AWS_SESSION_TOKEN="token"))
        self.assertEqual(self.kept_headers()["x-amz-security-token"], "token")

    def test_what_the_signature_does_not_cover_is_refused_by_the_stub(self):
        """The other tests are worth what this one shows."""
        self.collect("--sse", "AES256")
        headers = dict(self.kept_headers())
        ((key, body),) = self.stub.logs().items()
        target = "/logs/" + urllib.parse.quote(key, safe="/~-._")
        check = functools.partial(s3.check_signature, "PUT", target, body=body,
                                  secrets={s3.KEY_ID: s3.SECRET})
        check(headers=headers)
        for name, value in (("host", "logs.elsewhere.test"), ("x-amz-acl", "public-read"),
                            ("x-amz-server-side-encryption", "aws:kms")):
            with self.assertRaises(s3.Refused):
                check(headers={**headers, name: value})
        unsigned = re.sub(r"x-amz-acl;", "", headers["authorization"])
        with self.assertRaisesRegex(s3.Refused, "AccessDenied"):
            check(headers={**headers, "authorization": unsigned})

    def by_name(self, host, **more):
        """As if `host` and all names below it led to the stub."""
        return s3.environment(self.stub, AWS_ENDPOINT_URL=f"http://{host}", http_proxy=self.stub.url,
                              no_proxy="", **more)

    def test_the_bucket_is_part_of_the_host_name_or_of_the_path(self):
        self.stub.host = "s3.example.test"
        env = self.by_name(self.stub.host)
        self.collect("--prefix", "a b", env=env)
        self.assertEqual(self.kept_headers()["host"], "logs.s3.example.test")
        self.assertIn(("logs", "a b/AWSLogs/123456789012/ELBAccessLogTestFile"), self.stub.objects)
        self.stub.objects.clear()
        self.collect("--path-style", env=env)
        self.assertEqual(self.kept_headers()["host"], "s3.example.test")
        self.collect("--create-bucket", bucket="new-logs", env=env)
        self.assertEqual(len(self.stub.logs("new-logs")), 1)

    def test_credentials_come_from_the_files_of_the_field(self):
        credentials = self.write("credentials", "[other]\naws_access_key_id = x\n"
                                 f"[default]\naws_access_key_id = {s3.KEY_ID}\n"
                                 f"aws_secret_access_key={s3.SECRET}\n")
        config = self.write("config", "[profile logs]\n"
                            f"aws_access_key_id = {s3.KEY_ID}\naws_secret_access_key = {s3.SECRET}\n")
        files = {"AWS_SHARED_CREDENTIALS_FILE": credentials, "AWS_CONFIG_FILE": config,
                 "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
        self.collect(env=s3.environment(self.stub, **files))
        self.collect(env=s3.environment(self.stub, **files, AWS_PROFILE="logs"))
        self.assertEqual(len(self.stub.logs()), 2)
        said = self.collect(env=s3.environment(self.stub, **files, AWS_PROFILE="nobody"), status=2)
        self.assertIn("nor a profile in", said)
        self.assertEqual(len(said.splitlines()), 1, said)

    def test_a_wrong_key_is_said_in_one_clear_line_and_costs_no_entry(self):
        said = self.collect(env=s3.environment(self.stub, secret="wrong"), status=4)
        self.assertIn("write check: put s3://logs/AWSLogs/123456789012/ELBAccessLogTestFile: "
                      "403 SignatureDoesNotMatch: The request signature", said)
        self.assertIn("1 segments stay in the spool", said)
        self.assertNotIn("wrong", said)
        self.assertEqual(len(self.spooled()), 1)
        self.collect(text=entry(2))
        self.assertEqual(sorted(gzip.decompress(b).decode() for b in self.stub.logs().values()),
                         [entry(1), entry(2)])

    def test_a_bucket_that_does_not_exist_is_made_when_asked_for(self):
        said = self.collect(bucket="new-logs", status=4)
        self.assertIn("404 NoSuchBucket: The specified bucket does not exist", said)
        self.collect("--create-bucket", bucket="new-logs", text="")
        self.assertEqual(len(self.stub.logs("new-logs")), 1)

    def test_refusals_of_the_service_are_outlived(self):
        self.stub.failures = [(503, "SlowDown")] * 2  # the write check, and the first attempt
        said = self.collect(status=4)
        self.assertEqual(said.count("503 SlowDown"), 2, said)
        self.collect(text="")
        self.assertEqual(len(self.stub.logs()), 1)

    def test_a_signal_does_not_wait_for_a_bucket_that_does_not_answer(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        silent.settimeout(nlbtest.DEADLINE)
        env = s3.environment(self.stub, AWS_ENDPOINT_URL=f"http://127.0.0.1:{silent.getsockname()[1]}")
        collector = self.start(tool("nlb-logs"), "collect", "--bucket", "logs", "--spool", self.spool,
                               "--input", "unix:logs", env=env)
        sender, answers = Collect.sender(self, collector)
        sender.sendall(entry(1).encode())
        Collect.wait_ack(self, answers, 1)
        connection, _ = silent.accept()
        self.addCleanup(connection.close)
        connection.settimeout(nlbtest.DEADLINE)
        self.assertIn(b"PUT /logs/AWSLogs/123456789012/ELBAccessLogTestFile", connection.recv(4096))
        collector.signal(signal.SIGTERM)
        # libcurl itself gives up after 30 s of silence.
        self.assertEqual(collector.wait(20), 4)
        collector.err.wait_for(lambda line: "1 segments stay in the spool" in line)
        self.assertEqual(len(self.spooled()), 1)
        self.collect(text="")
        self.assertEqual([gzip.decompress(b).decode() for b in self.stub.logs().values()], [entry(1)])

    def test_the_policy_is_json_and_names_the_prefix(self):
        status, out, _ = self.run_tool(tool("nlb-logs"), "bucket-policy", "my-logs", "--prefix", "p",
                                       "--account", "111122223333", "--principal", "arn:aws:iam::1:user/u")
        self.assertEqual(status, 0)
        check, write = json.loads(out)["Statement"]
        self.assertEqual(check["Resource"], "arn:aws:s3:::my-logs")
        self.assertEqual(write["Resource"], "arn:aws:s3:::my-logs/p/AWSLogs/111122223333/*")
        self.assertEqual(write["Condition"],
                         {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}})
        for options in ((), ("--key",)):
            _, out, _ = self.run_tool(tool("nlb-logs"), "bucket-policy", "my-logs", *options)
            self.assertEqual(json.loads(out)["Statement"][0]["Principal"],
                             {"Service": "delivery.logs.amazonaws.com"})

    def test_wrong_options_are_refused(self):
        for options, said in ((("--sse-kms-key-id", "x"), "is for --sse aws:kms"),
                              (("--endpoint", "ftp://x"), "must be http://HOST"),
                              (("--endpoint", "http://x/y"), "must be http://HOST"),
                              (("--directory", self.dir), "not both")):
            self.assertIn(said, self.collect(*options, status=2))
        self.assertIn("63 lower-case letters", self.collect(bucket="../x", status=2))


if __name__ == "__main__":
    unittest.main(verbosity=2)
