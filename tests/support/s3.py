# SPDX-License-Identifier: Apache-2.0
"""A strict S3 server for tests: buckets in memory, every request's Signature Version 4 computed anew.

It refuses what the service refuses: a missing or wrong digest, a signature that does not fit, headers
that should be signed and are not, a path that is not percent-encoded. It can fail on command.
[AWS: Signature Version 4 for Amazon S3]
"""

import datetime
import hashlib
import hmac
import http.server
import re
import threading
import urllib.parse

KEY_ID, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def environment(stub, secret=SECRET, **more):
    """For a tool that is to use the stub, and nothing else of its surroundings."""
    return {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": secret, "HOME": "/nonexistent",
            "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": stub.url, "no_proxy": "*", **more}


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(secret, scope, amz_date, canonical):
    """[Signature Version 4: Task 2 and 3]"""
    date, region, service, _ = scope.split("/")
    to_sign = "\n".join(["AWS4-HMAC-SHA256", amz_date, scope,
                         hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request"):
        key = sign(key, part)
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


def check_signature(method, target, headers, body, secrets):
    """Raises Refused unless the request is signed as the service wants it."""
    fields = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/([^,]+), ?SignedHeaders=([^,]+), "
                          r"?Signature=([0-9a-f]{64})", headers.get("authorization", ""))
    if not fields:
        raise Refused(403, "AccessDenied", "no Signature Version 4")
    key_id, scope, names, signed = fields.groups()
    if key_id not in secrets:
        raise Refused(403, "InvalidAccessKeyId", "The key id does not exist in our records.")
    digest = headers.get("x-amz-content-sha256")
    if digest is None:
        raise Refused(400, "MissingSecurityHeader", "x-amz-content-sha256 is missing")
    if digest != hashlib.sha256(body).hexdigest():
        raise Refused(400, "XAmzContentSHA256Mismatch", "The digest is not that of the body.")
    names = names.split(";")
    needed = {n for n in headers if n == "host" or n == "content-type" or n.startswith("x-amz-")}
    if names != sorted(names) or needed - set(names):
        raise Refused(403, "AccessDenied", f"not signed: {sorted(needed - set(names))}")
    path, _, query = target.partition("?")
    if path != urllib.parse.quote(urllib.parse.unquote(path), safe="/~-._"):
        raise Refused(403, "SignatureDoesNotMatch", "the path is not percent-encoded")
    query = "&".join(sorted(part if "=" in part else part + "=" for part in query.split("&") if part))
    canonical = "\n".join(
        [method, path, query, *(f"{n}:{' '.join(headers[n].split())}" for n in names), "",
         ";".join(names), digest])
    date = headers["x-amz-date"]
    if not date.startswith(scope.split("/")[0]):
        raise Refused(403, "SignatureDoesNotMatch", "the scope is of another day")
    then = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    if abs((datetime.datetime.now(datetime.timezone.utc) - then).total_seconds()) > 900:
        raise Refused(403, "RequestTimeTooSkewed", "more than 15 minutes")
    if not hmac.compare_digest(signature(secrets[key_id], scope, date, canonical), signed):
        raise Refused(403, "SignatureDoesNotMatch", "The request signature we calculated does not "
                      "match the signature you provided. Check your key and signing method.")


class S3:
    """`objects` by (bucket, key), each (bytes, headers). `failures` are (status, code) that the next
    requests get instead of service. `encryption`, (method, key or None), is what the bucket wants of each
    file. `host`: names below it are buckets [AWS: Virtual hosting of buckets]; elsewhere the path begins
    with one."""

    def __init__(self, buckets=("logs",), port=0, objects=None):
        self.buckets, self.objects, self.failures = set(buckets), objects or {}, []
        self.refused = []
        self.encryption, self.host = None, None
        self.changed = threading.Condition()
        self._server = self._serve(port)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def _serve(self, port):
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self):
                stub.handle(self)

            def do_GET(self):
                stub.handle(self)

            def log_message(self, *args):
                pass

        http.server.ThreadingHTTPServer.allow_reuse_address = True
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        server.daemon_threads = True
        return server

    def handle(self, request):
        length = int(request.headers.get("content-length", 0))
        try:
            body = request.rfile.read(length)
        except OSError:
            body = b""
        if len(body) < length:
            request.close_connection = True  # the client died in the midst: nothing was put
            return
        headers = {name.lower(): value.strip() for name, value in request.headers.items()}
        try:
            status, answer = 200, self.serve(request.command, request.path, headers, body)
        except Refused as refused:
            status = refused.status
            answer = (f"<?xml version='1.0'?><Error><Code>{refused.code}</Code>"
                      f"<Message>{refused.message}</Message></Error>").encode()
            with self.changed:
                self.refused.append(refused.code)
                self.changed.notify_all()
        request.send_response(status)
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)

    def serve(self, method, target, headers, body):
        with self.changed:
            if self.failures:
                raise Refused(*self.failures.pop(0), "as commanded")
        if target.startswith("http://"):  # as to a proxy: which host is meant, "host" says as well
            host, _, path = target[len("http://"):].partition("/")
            if host != headers["host"]:
                raise Refused(400, "BadRequest", f"host {headers['host']} of a request to {host}")
            target = "/" + path
        check_signature(method, target, headers, body, {KEY_ID: SECRET})
        bucket, key = self.place(headers["host"], urllib.parse.unquote(target.partition("?")[0]))
        with self.changed:
            if method == "PUT" and not key:
                self.buckets.add(bucket)
            elif bucket not in self.buckets:
                raise Refused(404, "NoSuchBucket", "The specified bucket does not exist")
            elif method == "PUT":
                if headers.get("x-amz-acl") != "bucket-owner-full-control":
                    raise Refused(403, "AccessDenied", "the policy wants an ACL")
                self.check_encryption(headers)
                self.objects[bucket, key] = body, headers
            elif (bucket, key) not in self.objects:
                raise Refused(404, "NoSuchKey", "The specified key does not exist.")
            self.changed.notify_all()
            return self.objects[bucket, key][0] if method == "GET" else b""

    def place(self, host, path):
        """(bucket, key)"""
        if self.host and host.endswith("." + self.host):
            return host[:-len("." + self.host)], path[1:]
        if host not in (self.host, f"127.0.0.1:{self.port}"):
            raise Refused(404, "NoSuchBucket", f"no host {host}")
        bucket, _, key = path[1:].partition("/")
        return bucket, key

    def check_encryption(self, headers):
        if not self.encryption:
            return
        method = "x-amz-server-side-encryption"
        for name, value in zip((method, method + "-aws-kms-key-id"), self.encryption):
            if headers.get(name) != value:
                raise Refused(403, "AccessDenied", f"the policy wants {name}: {value}")

    def logs(self, bucket="logs"):
        """The log files, by key."""
        return {key: body for (of, key), (body, _) in self.objects.items()
                if of == bucket and not key.endswith("ELBAccessLogTestFile")}

    def wait(self, wanted, deadline):
        """Until wanted(self) is true."""
        with self.changed:
            if not self.changed.wait_for(lambda: wanted(self), deadline):
                raise AssertionError(f"seen: {list(self.objects)}, refused: {self.refused}")

    def close(self):
        """Goes away; the port refuses connections. Start another S3 on it to come back."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
