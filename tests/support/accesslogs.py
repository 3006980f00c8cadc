# SPDX-License-Identifier: Apache-2.0
"""Entries of access logs for tests: as values, as lines, and as rows of SQLite."""

import datetime
import sqlite3

FIELDS = """type version time elb listener client:port destination:port connection_time
tls_handshake_time received_bytes sent_bytes incoming_tls_alert chosen_cert_arn chosen_cert_serial
tls_cipher tls_protocol_version tls_named_group domain_name alpn_fe_protocol alpn_be_protocol
alpn_client_preference_list tls_connection_creation_time""".split()
NUMBERS = ("connection_time tls_handshake_time received_bytes sent_bytes incoming_tls_alert "
           "client_port destination_port").split()
PARTS = "client_ip client_port destination_ip destination_port extra".split()
START = datetime.datetime(2026, 5, 1)


def entry(random):
    """One entry as {field: text}; absent fields are not in it."""
    end = START + datetime.timedelta(seconds=random.randrange(7200))
    failed = random.random() < 0.1
    lasted = random.choice((random.randrange(100), random.randrange(900_000)))
    ip = (f"2001:db8::{random.randrange(1, 9)}" if random.random() < 0.2
          else f"203.0.{random.randrange(3)}.{random.randrange(20)}")
    lists = ("-", '"h2"', '"h2","http/1.1"', '"h2", "http/1.1"', '"h2","htt')
    values = {
        "type": "tls", "version": "2.0", "time": end.isoformat(), "elb": "net/a/1",
        "listener": random.choice(("l1", "l2")), "client:port": f"{ip}:{random.randrange(1, 65536)}",
        "destination:port": f"10.0.0.{random.randrange(3)}:443", "connection_time": str(lasted),
        "tls_handshake_time": "-" if failed else str(random.randrange(300)),
        "received_bytes": "0" if failed else str(random.randrange(10 ** random.randrange(1, 10))),
        "sent_bytes": "0" if failed else str(random.randrange(10 ** random.randrange(1, 13))),
        "incoming_tls_alert": random.choice(("-", "-", "48")), "chosen_cert_arn": "arn:c1",
        "chosen_cert_serial": "-",
        "tls_cipher": "-" if failed else random.choice(("TLS_AES_128_GCM_SHA256", "AES128-SHA")),
        "tls_protocol_version": "-" if failed else random.choice(("tlsv10", "tlsv12", "tlsv13")),
        "tls_named_group": random.choice(("-", "x25519")),
        "domain_name": random.choice(("www.example", "shop.example", "-", "a%20b%22.example")),
    }
    fields = random.choice((18, 21, 22, 22, 22, 23))
    if fields >= 21:
        protocol = random.choice(("-", "h2"))
        values |= {"alpn_fe_protocol": protocol, "alpn_be_protocol": protocol,
                   "alpn_client_preference_list": random.choice(lists)}
    if fields >= 22:
        start = end - datetime.timedelta(milliseconds=lasted)
        values["tls_connection_creation_time"] = start.replace(microsecond=0).isoformat()
    if fields > 22:
        values["extra"] = 'TID_1 "a b"'
    return values


def line(values):
    return " ".join(values.values())


def row(values):
    """As --json gives it, by rules of this file's own."""
    def typed(name):
        text = values.get(name, "-")
        if text == "-":
            return None
        return int(text) if name in NUMBERS else text
    found = {name: typed(name) for name in FIELDS}
    for side in ("client", "destination"):
        ip, port = values[side + ":port"].rsplit(":", 1)
        found |= {side + "_ip": ip, side + "_port": int(port)}
    return found | {"extra": values.get("extra")}


def database(entries):
    """A table `logs` of them."""
    base = sqlite3.connect(":memory:")
    names = FIELDS + PARTS
    columns = ", ".join(f'"{n}" {"integer" if n in NUMBERS else "text"}' for n in names)
    base.execute(f"create table logs ({columns})")
    marks = ", ".join("?" * len(names))
    base.executemany(f"insert into logs values ({marks})",
                     [[row(e)[n] for n in names] for e in entries])
    return base
