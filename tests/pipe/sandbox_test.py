# SPDX-License-Identifier: Apache-2.0
"""What the daemons have given up by the time they work."""

import os
import shutil
import signal
import tempfile

import collect
import nlbtest
import s3
from forwarder import Forwarder, listener, route, routing
from policy import POLICY, WEB, configuration

HEALTH = nlbtest.tool("nlb-health")
DAC_OVERRIDE, DAC_READ_SEARCH, NET_BIND_SERVICE, NET_RAW = 1 << 1, 1 << 2, 1 << 10, 1 << 13
GROUP = "targetgroup/g/0123456789abcdef"


def target_set(*lines):
    frame = {"set": "target-set", "scope": GROUP, "generation": 1}
    return [{"type": "set-begin", **frame}, *lines,
            {"type": "set-end", **frame, "count": len(lines)}]


def checked(port=17, **group):
    return target_set(
        {"type": "target-group", "group": GROUP, "check_protocol": "TCP", "check_timeout_ms": 5000,
         "check_interval_ms": 50, "healthy_threshold": 2, "unhealthy_threshold": 2,
         **group},
        {"type": "target", "group": GROUP, "target": "t:17", "address": "127.0.0.1", "port": port})


class Rights(Forwarder):
    def assert_given_up(self, process, capabilities):
        """Of every thread."""
        tasks = f"/proc/{process.pid}/task"
        for task in os.listdir(tasks):
            with open(f"{tasks}/{task}/status", encoding="ascii") as file:
                status = dict(line.split(":", 1) for line in file)
            self.assertEqual(status["NoNewPrivs"].strip(), "1")
            self.assertEqual(status["Seccomp"].strip(), "2")
            for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                self.assertEqual(int(status[name], 16) & ~capabilities, 0, name)

    def serving_policy(self):
        path = self.write("nlb.toml", configuration(WEB))
        policy = self.start(POLICY, "run", path)
        policy.err.wait_for(lambda line: "serving" in line)
        return policy, path

    def test_nlb_forward(self):
        port = nlbtest.free_port()
        server = self.serve(nlbtest.echo)
        forward = self.forward(listener(port), routing(), route(server.port), threads=3)
        self.assertEqual(len(os.listdir(f"/proc/{forward.pid}/task")), 4)
        self.assert_given_up(forward, NET_BIND_SERVICE | NET_RAW)

    def test_nlb_policy(self):
        policy, _ = self.serving_policy()
        self.assert_given_up(policy, DAC_READ_SEARCH)

    def test_nlb_health(self):
        health = self.start(HEALTH, "run")
        health.send(*checked(self.serve(nlbtest.echo).port))
        health.out.wait_for_message("target-health", state="healthy")
        self.assert_given_up(health, 0)

    def collector(self, *options, **more):
        """One that has taken an entry."""
        logs = self.start(nlbtest.tool("nlb-logs"), "collect", "--input", "unix:logs", *options, **more)
        sender, answers = collect.Collect.sender(self, logs)
        sender.sendall(collect.entry(1).encode())
        collect.Collect.wait_ack(self, answers, 1)
        self.assert_given_up(logs, DAC_OVERRIDE)
        return logs

    def test_nlb_logs_with_a_directory(self):
        config = self.write("nlb.toml", configuration(WEB))
        outside = os.path.join("/tmp", f"nlb-sandbox-test-{os.getpid()}.toml")
        shutil.copy(config, outside)
        self.addCleanup(os.unlink, outside)
        logs = self.collector("--directory", os.path.join(self.dir, "logs"), "--config", config)
        os.symlink(outside, config + ".new")
        os.rename(config + ".new", config)
        logs.signal(signal.SIGHUP)
        logs.err.wait_for(lambda line: "Permission denied" in line)
        logs.signal(signal.SIGTERM)
        self.assertEqual(logs.wait(), 0)

    def test_nlb_logs_with_a_bucket_reads_new_credentials(self):
        stub = s3.S3()
        self.addCleanup(stub.close)
        text = f"[default]\naws_access_key_id = {s3.KEY_ID}\naws_secret_access_key = %s\n"
        path = self.write("credentials", text % "old")
        logs = self.collector("--bucket", "logs", "--spool", os.path.join(self.dir, "spool"),
                              env=s3.environment(stub, AWS_SHARED_CREDENTIALS_FILE=path,
                                                 AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY=""))
        logs.err.wait_for(lambda line: "403 SignatureDoesNotMatch" in line)
        os.rename(self.write("credentials.new", text % s3.SECRET), path)
        logs.signal(signal.SIGTERM)
        self.assertEqual(logs.wait(), 0)
        self.assertEqual(len(stub.logs()), 1)

    def test_a_configuration_is_read_again_from_its_own_folder_only(self):
        policy, path = self.serving_policy()
        elsewhere = self.write("elsewhere.toml", configuration(WEB))
        outside = os.path.join("/tmp", f"nlb-sandbox-test-{os.getpid()}.toml")
        with open(outside, "w", encoding="utf-8") as file:
            file.write(configuration(WEB))
        self.addCleanup(os.unlink, outside)
        for where, answer in ((outside, "Permission denied"), (elsewhere, "configuration reloaded")):
            os.symlink(where, path + ".new")
            os.rename(path + ".new", path)
            policy.signal(signal.SIGHUP)
            policy.err.wait_for(lambda line, answer=answer: answer in line)

    def test_a_configuration_that_is_a_link_from_the_start_is_read_again(self):
        folder = tempfile.mkdtemp(prefix="nlb-test-")
        self.addCleanup(shutil.rmtree, folder)
        real = os.path.join(folder, "real.toml")
        path = os.path.join(self.dir, "nlb.toml")
        os.symlink(real, path)
        with open(real, "w", encoding="utf-8") as file:
            file.write(configuration(WEB))
        policy = self.start(POLICY, "run", path)
        policy.err.wait_for(lambda line: "serving" in line)
        policy.signal(signal.SIGHUP)
        policy.err.wait_for(lambda line: "configuration reloaded" in line)

    def test_scripts_of_checks_have_what_they_had(self):
        folder = os.path.join(self.dir, "scripts")
        os.mkdir(folder)
        path = os.path.join(folder, "probe")
        with open(path, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\ngrep -q 'NoNewPrivs:.0' /proc/self/status && "
                       "grep -q 'Seccomp:.0' /proc/self/status\n")
        os.chmod(path, 0o700)
        health = self.start(HEALTH, "run", "--scripts", folder)
        health.send(*checked(check_exec="probe"))
        health.out.wait_for_message("target-health", state="healthy")
        self.assert_given_up(health, 0)

    def test_targets_are_unavailable_when_what_runs_scripts_has_ended(self):
        folder = os.path.join(self.dir, "scripts")
        os.mkdir(folder)
        health = self.start(HEALTH, "run", "--scripts", folder)
        health.out.wait_for_message("hello")
        with open(f"/proc/{health.pid}/task/{health.pid}/children", encoding="ascii") as file:
            (child,) = file.read().split()
        os.kill(int(child), signal.SIGKILL)
        health.send(*checked(check_exec="probe"))
        line = health.out.wait_for_message("target-health", state="unavailable")
        self.assertIn("the process that runs scripts has ended", line["description"])


if __name__ == "__main__":
    nlbtest.main()
