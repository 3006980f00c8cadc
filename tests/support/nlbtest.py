# SPDX-License-Identifier: Apache-2.0
"""Whole-process tests: start tools, talk NDJSON with them, wait for messages (never sleep).

Every wait has a deadline and fails with what was seen so far. Every process a test starts is ended
by the test, by its own process id.
"""

import asyncio
import json
import os
import queue
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

BIN = os.environ.get("NLB_BIN_DIR", os.path.join(os.getcwd(), "bin"))
DEADLINE = float(os.environ.get("NLB_TEST_DEADLINE", "30"))  # seconds for any one wait
REQUIRE_BPF = os.environ.get("NLB_REQUIRE_BPF") == "1"


def tool(name):
    """Path of one of our binaries."""
    return os.path.join(BIN, name)


class Lines:
    """The lines of a stream as they come, read by a thread of its own."""

    def __init__(self, stream):
        self._queue = queue.Queue()
        self.seen = []
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream):
        for line in iter(stream.readline, b""):
            self._queue.put(line)
        self._queue.put(None)
        stream.close()

    def next(self, deadline=DEADLINE):
        """The next line without its newline, or None at the end of the stream."""
        try:
            line = self._queue.get(timeout=deadline)
        except queue.Empty:
            raise AssertionError(f"no line within {deadline} s; seen: {self.tail()}") from None
        if line is None:
            self._queue.put(None)
            return None
        text = line.decode("utf-8", "replace").rstrip("\n")
        self.seen.append(text)
        return text

    def tail(self, count=20):
        return "\n".join(self.seen[-count:])

    def wait_for(self, wanted, deadline=DEADLINE):
        """The first line for which wanted(line) is true."""
        end = time.monotonic() + deadline
        while True:
            line = self.next(max(0.0, end - time.monotonic()))
            if line is None:
                raise AssertionError(f"the stream ended; seen: {self.tail()}")
            if wanted(line):
                return line

    def wait_for_all(self, *wanted, deadline=DEADLINE):
        """Until each of wanted was true for a line, in whatever order the lines come."""
        missing = list(wanted)
        end = time.monotonic() + deadline
        while missing:
            line = self.wait_for(lambda text: any(one(text) for one in missing),
                                 max(0.0, end - time.monotonic()))
            missing = [one for one in missing if not one(line)]

    def wait_for_message(self, kind, deadline=DEADLINE, **members):
        """The first message of this type whose members have these values."""

        def fits(line):
            try:
                message = json.loads(line)
            except ValueError:
                return False
            return message.get("type") == kind and all(
                message.get(key) == value for key, value in members.items())

        return json.loads(self.wait_for(fits, deadline))

    def drop(self):
        """Forgets what has come and was not looked at."""
        while not self._queue.empty():
            if self._queue.get() is None:
                self._queue.put(None)
                return

    def rest(self, deadline=DEADLINE):
        """Every further line until the stream ends."""
        end = time.monotonic() + deadline
        lines = []
        while (line := self.next(max(0.0, end - time.monotonic()))) is not None:
            lines.append(line)
        return lines


class Process:
    """A running tool; `out` and `err` are Lines."""

    def __init__(self, args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=None, cwd=None,
                 preexec_fn=None):
        self.args = args
        self.popen = subprocess.Popen(args, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
                                      env={**os.environ, **(env or {})}, cwd=cwd,
                                      preexec_fn=preexec_fn)
        self.out = Lines(self.popen.stdout) if stdout == subprocess.PIPE else None
        self.err = Lines(self.popen.stderr)

    @property
    def pid(self):
        return self.popen.pid

    def send(self, *messages):
        """Writes messages (dicts) or ready lines (str) to its standard input."""
        for message in messages:
            line = message if isinstance(message, str) else json.dumps(message)
            self.popen.stdin.write(line.encode() + b"\n")
        self.popen.stdin.flush()

    def close_stdin(self):
        self.popen.stdin.close()

    def signal(self, number):
        self.popen.send_signal(number)

    def hold(self):
        """Stops it, until SIGCONT."""
        self.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)

    def wait(self, deadline=DEADLINE):
        """Its exit status; negative for a signal, as subprocess has it."""
        try:
            return self.popen.wait(timeout=deadline)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.args} still runs; stderr: {self.err.tail()}") from None

    def end(self):
        """Makes sure that it is gone."""
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        if self.popen.stdin:
            try:
                self.popen.stdin.close()
            except OSError:
                pass


class TestCase(unittest.TestCase):
    """A scratch directory (also $NLB_RUNTIME_DIR) and processes that end with the test."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="nlb-test-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def start(self, *args, **options):
        env = {"NLB_RUNTIME_DIR": self.dir, **options.pop("env", {})}
        process = Process(list(args), env=env, **options)
        self.addCleanup(process.end)
        return process

    def run_tool(self, *args, input=b"", deadline=DEADLINE, env=None, **options):
        """Runs to the end: (status, stdout, stderr) with text decoded leniently."""
        done = subprocess.run(list(args), input=input, capture_output=True, timeout=deadline,
                              env={**os.environ, "NLB_RUNTIME_DIR": self.dir, **(env or {})},
                              check=False, **options)
        return (done.returncode, done.stdout.decode("utf-8", "replace"),
                done.stderr.decode("utf-8", "replace"))

    def write(self, name, content):
        """A file in the scratch directory; returns its path."""
        path = os.path.join(self.dir, name)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def assert_no_crash(self, status, stderr):
        """No signal and no sanitizer report."""
        self.assertNotIn("Sanitizer", stderr)
        self.assertNotIn("runtime error", stderr)
        self.assertGreaterEqual(status, 0, stderr)


def free_port(address="127.0.0.1", kind=socket.SOCK_STREAM):
    """A port that was free a moment ago."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, 0))
        return s.getsockname()[1]


def readable(connections):
    """Those of the connections that something has come for."""
    poll = select.poll()
    for one in connections:
        poll.register(one, select.POLLIN)
    ready = {fd for fd, _ in poll.poll(DEADLINE * 1000)}
    if not ready:
        raise AssertionError(f"nothing within {DEADLINE} s for {len(connections)} connections")
    return [one for one in connections if one.fileno() in ready]


def reset_on_close(connection):
    """Makes close() send a RST."""
    import struct
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Server:
    """A TCP server whose connections are served by `serve(connection)`, each in a thread."""

    def __init__(self, serve, address="127.0.0.1", port=0, backlog=1024):
        self.serve = serve
        self.listener = socket.create_server((address, port), backlog=backlog,
                                             family=socket.AF_INET6 if ":" in address
                                             else socket.AF_INET)
        self.address, self.port = self.listener.getsockname()[:2]
        self.accepted = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                self.serve(connection)
            except OSError:
                pass  # the test looks at what its own end saw

    def close(self):
        # shutdown wakes the thread in accept(); close alone would leave the port listening
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self._thread.join(DEADLINE)


class ManyEchoes:
    """An echo server for thousands of connections: one thread."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.started = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        self.started.wait(DEADLINE)

    def run(self):
        self.loop.run_until_complete(self.listen())
        self.loop.run_forever()
        self.server.close()
        self.loop.run_until_complete(self.leave())
        self.loop.close()

    async def listen(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=4096)
        self.port = self.server.sockets[0].getsockname()[1]
        self.started.set()

    async def serve(self, reader, writer):
        try:
            while data := await reader.read(4096):
                writer.write(data)
        except (asyncio.CancelledError, ConnectionError):
            pass
        writer.close()

    async def leave(self):
        served = asyncio.all_tasks() - {asyncio.current_task()}
        for one in served:
            one.cancel()
        await asyncio.gather(*served, return_exceptions=True)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


def echo(connection):
    """Sends back what comes until the other side ends its direction."""
    while data := connection.recv(65536):
        connection.sendall(data)


def say(text):
    """A server that sends `text`, ends its direction and reads to the end."""

    def serve(connection):
        connection.sendall(text if isinstance(text, bytes) else text.encode())
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    return serve


def read_all(connection):
    """Everything until the end of the stream."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def main():
    unittest.main(verbosity=2)


TERM = signal.SIGTERM
