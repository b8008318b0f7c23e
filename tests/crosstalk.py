#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0

"""Many clients at once, each with its own certificate: does every request carry
its own client's?

    crosstalk.py --port PORT --name NAME --certificates DIRECTORY --count N
                 [--no-http2] [--threads N] [--seconds N]

DIRECTORY holds client-*.crt and client-*.key. The server at NAME:PORT forwards
to an origin that answers with three response headers: X-Got-Cms and
X-Got-Rfc9440, the values it received, and X-Got-Id, the request's X-Id. Requests
go over connections of HTTP/1.1 and HTTP/2, TLS 1.2 and 1.3, resumed and not, of
one to twenty requests each. The exit status is 0 if every answer held the right
certificate and no other, and every request was answered.
"""

import argparse
import base64
import glob
import os
import random
import re
import socket
import ssl
import sys
import threading
import time

import h2.config
import h2.connection
import h2.events

PATIENCE = 60


class Client:
    """One certificate, its TLS contexts and the sessions to resume."""

    def __init__(self, crt):
        self.name = os.path.basename(crt)[:-4]
        with open(crt, encoding="ascii") as file:
            pem = file.read()
        body = re.search("BEGIN CERTIFICATE-----(.*?)-----END", pem, re.S).group(1)
        self.der = base64.b64decode(body)
        self.rfc9440 = ":" + base64.b64encode(self.der).decode() + ":"
        self.files = crt, crt[:-4] + ".key"
        self.contexts = {}
        self.sessions = {}
        self.lock = threading.Lock()

    def context(self, tls, protocol):
        with self.lock:
            if (tls, protocol) not in self.contexts:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
                context.minimum_version = context.maximum_version = tls
                context.set_alpn_protocols([protocol])
                context.load_cert_chain(*self.files)
                self.contexts[tls, protocol] = context
            return self.contexts[tls, protocol]


class ClosedIdle(Exception):
    """The server closed a kept connection between two requests, as it may."""


class Tally:
    def __init__(self):
        self.lock = threading.Lock()
        self.left = 0
        self.number = 0
        self.counts = dict.fromkeys(
            (
                "requests",
                "wrong",
                "unanswered",
                "connections",
                "resumed",
                "http2",
                "tls12",
                "closed_idle",
            ),
            0,
        )
        self.complaints = []

    def take(self, wanted):
        """How many requests may be made, and the number of the first."""
        with self.lock:
            taken = min(wanted, self.left)
            self.left -= taken
            first = self.number
            self.number += taken
            return taken, first

    def give_back(self, count):
        with self.lock:
            self.left += count
            self.counts["closed_idle"] += 1

    def add(self, **counts):
        with self.lock:
            for name, value in counts.items():
                self.counts[name] += value

    def complain(self, what):
        with self.lock:
            self.complaints.append(what)


def judge(tally, client, ident, status, fields):
    """Everything is compared with what this client alone may have sent."""
    wrong = []
    if status != 200:
        wrong.append("status %s" % status)
    if fields.get("x-got-id") != ident:
        wrong.append("the answer to %s" % fields.get("x-got-id"))
    if fields.get("x-got-rfc9440") != client.rfc9440:
        wrong.append("another certificate in rfc9440")
    try:
        cms = base64.b64decode(fields.get("x-got-cms", ""), validate=True)
    except ValueError:
        cms = b""
    # The content of the SignedData: an OCTET STRING with just this.
    length = len(client.der)
    octets = b"\x04\x82" + length.to_bytes(2, "big") + client.der
    if octets not in cms:
        wrong.append("another certificate in cms")
    tally.add(requests=1, wrong=1 if wrong else 0)
    if wrong:
        tally.complain("%s, request %s: %s" % (client.name, ident, "; ".join(wrong)))


def over_http1(sock, name, tally, client, first, count):
    buffer = b""
    for done in range(count):
        ident = str(first + done)
        head = "GET /page HTTP/1.1\r\nHost: %s\r\nX-Id: %s\r\n\r\n" % (name, ident)
        try:
            sock.sendall(head.encode())
        except OSError:
            pass
        while b"\r\n\r\n" not in buffer:
            try:
                data = sock.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                if done and not buffer:
                    tally.give_back(count - done)
                    raise ClosedIdle()
                raise ConnectionError("closed by the server")
            buffer += data
        head, _, buffer = buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = {}
        for line in lines[1:]:
            key, _, value = line.partition(":")
            fields[key.lower()] = value.strip()
        length = int(fields.get("content-length", 0))
        while len(buffer) < length:
            data = sock.recv(65536)
            if not data:
                raise ConnectionError("closed by the server")
            buffer += data
        buffer = buffer[length:]
        judge(tally, client, ident, int(lines[0].split()[1]), fields)


def over_http2(sock, name, tally, client, first, count):
    connection = h2.connection.H2Connection(
        h2.config.H2Configuration(header_encoding="latin-1", validate_inbound_headers=False)
    )
    connection.initiate_connection()
    waiting = {}
    # All at once: the streams of one connection run in several threads there.
    for ident in map(str, range(first, first + count)):
        stream = connection.get_next_available_stream_id()
        connection.send_headers(
            stream,
            [
                (":method", "GET"),
                (":scheme", "https"),
                (":authority", name),
                (":path", "/page"),
                ("x-id", ident),
            ],
            end_stream=True,
        )
        waiting[stream] = [ident, {}]
    sock.sendall(connection.data_to_send())
    while waiting:
        data = sock.recv(65536)
        if not data:
            raise ConnectionError("closed by the server")
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                waiting[event.stream_id][1] = dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                connection.acknowledge_received_data(
                    event.flow_controlled_length, event.stream_id
                )
            elif isinstance(event, h2.events.StreamReset):
                raise ConnectionError("stream reset")
            elif isinstance(event, h2.events.StreamEnded):
                ident, fields = waiting.pop(event.stream_id)
                judge(tally, client, ident, int(fields.get(":status", 0)), fields)
        out = connection.data_to_send()
        if out:
            sock.sendall(out)


def connect(arguments, client, tls, protocol, resume):
    plain = socket.create_connection(("127.0.0.1", arguments.port), PATIENCE)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = tls, protocol
    session = client.sessions.get(key) if resume else None
    return client.context(tls, protocol).wrap_socket(
        plain, server_hostname=arguments.name, session=session
    )


def work(arguments, clients, tally, deadline, seed):
    chance = random.Random(seed)
    while time.monotonic() < deadline:
        count, first = tally.take(chance.choice((1, 1, 2, 5, 10, 20)))
        if not count:
            return
        client = chance.choice(clients)
        tls = chance.choice((ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))
        protocol = "h2" if arguments.http2 and chance.random() < 0.4 else "http/1.1"
        before = tally.counts["requests"]
        try:
            sock = connect(arguments, client, tls, protocol, chance.random() < 0.7)
            tally.add(
                connections=1,
                resumed=1 if sock.session_reused else 0,
                http2=count if protocol == "h2" else 0,
                tls12=1 if tls == ssl.TLSVersion.TLSv1_2 else 0,
            )
            way = over_http2 if protocol == "h2" else over_http1
            way(sock, arguments.name, tally, client, first, count)
            client.sessions[tls, protocol] = sock.session
            # In good order: a session whose connection broke off is not resumed.
            try:
                sock.settimeout(5)
                sock.unwrap()
            except (OSError, ValueError):
                pass
            sock.close()
        except ClosedIdle:
            sock.close()
        except (OSError, ValueError) as error:
            tally.add(unanswered=1)
            tally.complain("%s, %s, after %d: %r" % (client.name, protocol, before, error))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--certificates", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--no-http2", dest="http2", action="store_false")
    parser.add_argument("--threads", type=int, default=24)
    parser.add_argument("--seconds", type=int, default=900)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()

    clients = [
        Client(file) for file in sorted(glob.glob(arguments.certificates + "/client-*.crt"))
    ]
    tally = Tally()
    tally.left = arguments.count
    start = time.monotonic()
    threads = [
        threading.Thread(
            target=work,
            args=(arguments, clients, tally, start + arguments.seconds, arguments.seed + n),
        )
        for n in range(arguments.threads)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for complaint in tally.complaints[:20]:
        print(complaint)
    print(
        "clients=%d seed=%d seconds=%.1f" % (len(clients), arguments.seed, time.monotonic() - start)
        + "".join(" %s=%d" % item for item in sorted(tally.counts.items()))
    )
    complete = tally.counts["requests"] == arguments.count
    sys.exit(0 if complete and not tally.counts["wrong"] and not tally.counts["unanswered"] else 1)


if __name__ == "__main__":
    main()
