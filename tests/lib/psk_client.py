#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0

"""A TLS 1.3 client that offers several sessions at once, which OpenSSL's does not.

Standard input and output are JSON. The job:

    port, sni, suite  (TLS_AES_128_GCM_SHA256 or TLS_AES_256_GCM_SHA384)
    sessions          [base64 of OpenSSL's SSL_SESSION in DER, ...], in the order
                      in which they are offered
    binders           [which session's secret proves each of them, ...]
    target            of one GET request

What comes back: {selected: the session that the server took, from 0, or null,
response: the HTTP response, base64} or {error}. A full handshake is not gone on
with: this client has no certificate to show.
"""

import base64
import hashlib
import hmac
import json
import os
import socket
import sys

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PATIENCE = 15

# name: (number, hash, length of the key)
SUITES = {
    "TLS_AES_128_GCM_SHA256": (0x1301, "sha256", 16),
    "TLS_AES_256_GCM_SHA384": (0x1302, "sha384", 32),
}
HANDSHAKE, APPLICATION_DATA = 22, 23
CLIENT_HELLO, SERVER_HELLO, FINISHED = 1, 2, 20
PRE_SHARED_KEY, KEY_SHARE, X25519 = 41, 51, 29
HELLO_RETRY_REQUEST = hashlib.sha256(b"HelloRetryRequest").digest()


def vector(octets, width):
    return len(octets).to_bytes(width, "big") + octets


def extension(number, contents):
    return number.to_bytes(2, "big") + vector(contents, 2)


def elements(der):
    """The (tag, contents) of a run of DER elements."""
    while der:
        tag, length, start = der[0], der[1], 2
        if length >= 0x80:
            start += length - 0x80
            length = int.from_bytes(der[2:start], "big")
        yield tag, der[start : start + length]
        der = der[start + length :]


class Session:
    """What a client needs of an SSL_SESSION (OpenSSL's ssl_asn1.c)."""

    def __init__(self, der):
        (_, contents), = elements(der)
        fields = list(elements(contents))
        suite, self.secret = (int.from_bytes(fields[2][1], "big"), fields[4][1])
        self.hash = next(name for number, name, _ in SUITES.values() if number == suite)
        explicit = {tag & 0x1F: next(elements(field))[1] for tag, field in fields if tag & 0xE0 == 0xA0}
        self.ticket = explicit[10]
        self.age_add = int.from_bytes(explicit.get(14, b""), "big") & 0xFFFFFFFF


class Schedule:
    """RFC 8446, section 7.1."""

    def __init__(self, name, psk):
        self.name = name
        self.length = hashlib.new(name).digest_size
        self.secret = self.extract(bytes(self.length), psk)

    def extract(self, salt, secret):
        return hmac.new(salt, secret, self.name).digest()

    def expand(self, secret, label, context, length):
        info = length.to_bytes(2, "big") + vector(b"tls13 " + label, 1) + vector(context, 1)
        return hmac.new(secret, info + b"\x01", self.name).digest()[:length]

    def derive(self, label, messages):
        context = hashlib.new(self.name, messages).digest()
        return self.expand(self.secret, label, context, self.length)

    def advance(self, secret):
        self.secret = self.extract(self.derive(b"derived", b""), secret)

    def finished(self, secret, messages):
        key = self.expand(secret, b"finished", b"", self.length)
        return hmac.new(key, hashlib.new(self.name, messages).digest(), self.name).digest()


class Protection:
    def __init__(self, schedule, secret, key_length):
        self.aead = AESGCM(schedule.expand(secret, b"key", b"", key_length))
        self.iv = int.from_bytes(schedule.expand(secret, b"iv", b"", 12), "big")
        self.sequence = 0

    def nonce(self):
        self.sequence += 1
        return (self.iv ^ (self.sequence - 1)).to_bytes(12, "big")

    def seal(self, kind, octets):
        header = bytes([APPLICATION_DATA, 3, 3]) + (len(octets) + 17).to_bytes(2, "big")
        return header + self.aead.encrypt(self.nonce(), octets + bytes([kind]), header)

    def open(self, header, octets):
        inner = self.aead.decrypt(self.nonce(), octets, header).rstrip(b"\0")
        return inner[-1], inner[:-1]


class Records:
    def __init__(self, connection):
        self.stream = connection.makefile("rb")
        self.protection = None

    def read(self):
        """The next record as (type, contents)."""
        while True:
            header = self.stream.read(5)
            if len(header) < 5:
                raise EOFError("the server closed")
            contents = self.stream.read(int.from_bytes(header[3:], "big"))
            if header[0] == 20:  # change_cipher_spec, of old
                continue
            if self.protection:
                kind, contents = self.protection.open(header, contents)
            else:
                kind = header[0]
            if kind == 21:
                raise EOFError(f"alert {contents[1]}")
            return kind, contents


def client_hello(job, sessions, public):
    number = SUITES[job["suite"]][0]
    key_share = X25519.to_bytes(2, "big") + vector(public, 2)
    extensions = b"".join((
        extension(0, vector(b"\0" + vector(job["sni"].encode(), 2), 2)),
        extension(10, vector(X25519.to_bytes(2, "big"), 2)),
        extension(13, vector(bytes.fromhex("040308040401"), 2)),
        extension(43, vector(b"\x03\x04", 1)),
        extension(45, vector(b"\x01", 1)),
        extension(KEY_SHARE, vector(key_share, 2)),
    ))
    if not sessions:
        body = b"\x03\x03" + os.urandom(32) + b"\0" + vector(number.to_bytes(2, "big"), 2) + b"\x01\0"
        return bytes([CLIENT_HELLO]) + vector(body + vector(extensions, 2), 3)
    identities = b"".join(vector(one.ticket, 2) + one.age_add.to_bytes(4, "big") for one in sessions)
    # The binders are over all that comes before them, lengths as they will be.
    proofs = [sessions[one] for one in job.get("binders", range(len(sessions)))]
    room = sum(1 + hashlib.new(one.hash).digest_size for one in proofs)
    offer = PRE_SHARED_KEY.to_bytes(2, "big")
    offer += (2 + len(identities) + 2 + room).to_bytes(2, "big") + vector(identities, 2)
    length = len(extensions) + len(offer) + 2 + room
    body = b"\x03\x03" + os.urandom(32) + b"\0" + vector(number.to_bytes(2, "big"), 2) + b"\x01\0"
    body += length.to_bytes(2, "big") + extensions + offer
    truncated = bytes([CLIENT_HELLO]) + (len(body) + 2 + room).to_bytes(3, "big") + body
    binders = b""
    for one in proofs:
        schedule = Schedule(one.hash, one.secret)
        binders += vector(schedule.finished(schedule.derive(b"res binder", b""), truncated), 1)
    return truncated + vector(binders, 2)


def server_hello(message):
    """The extensions of a ServerHello."""
    if message[0] != SERVER_HELLO or message[6:38] == HELLO_RETRY_REQUEST:
        raise ValueError("no ServerHello")
    at = 39 + message[38] + 3
    extensions, found = message[at + 2 :], {}
    while extensions:
        length = int.from_bytes(extensions[2:4], "big")
        found[int.from_bytes(extensions[:2], "big")] = extensions[4 : 4 + length]
        extensions = extensions[4 + length :]
    return found


def complete(response):
    head, separator, body = response.partition(b"\r\n\r\n")
    lengths = [line[15:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return separator and (body.endswith(b"0\r\n\r\n") if not lengths else len(body) >= int(lengths[0]))


def run(job):
    _, name, key_length = SUITES[job["suite"]]
    sessions = [Session(base64.b64decode(one)) for one in job["sessions"]]
    private = X25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    connection = socket.create_connection(("127.0.0.1", job["port"]), PATIENCE)
    records = Records(connection)

    messages = client_hello(job, sessions, public)
    connection.sendall(bytes([HANDSHAKE, 3, 1]) + vector(messages, 2))
    _, message = records.read()
    extensions = server_hello(message)
    messages += message
    if PRE_SHARED_KEY not in extensions:
        return {"selected": None}
    selected = int.from_bytes(extensions[PRE_SHARED_KEY], "big")

    schedule = Schedule(name, sessions[selected].secret)
    schedule.advance(private.exchange(X25519PublicKey.from_public_bytes(extensions[KEY_SHARE][4:])))
    secrets = {side: schedule.derive(side + b" hs traffic", messages) for side in (b"c", b"s")}
    records.protection = Protection(schedule, secrets[b"s"], key_length)
    pending = b""
    while True:
        while len(pending) < 4 or len(pending) < 4 + int.from_bytes(pending[1:4], "big"):
            pending += records.read()[1]
        length = 4 + int.from_bytes(pending[1:4], "big")
        message, pending = pending[:length], pending[length:]
        if message[0] == FINISHED:
            break
        messages += message
    if message[4:] != schedule.finished(secrets[b"s"], messages):
        raise ValueError("the server's Finished is wrong")
    messages += message
    proof = schedule.finished(secrets[b"c"], messages)
    sender = Protection(schedule, secrets[b"c"], key_length)
    connection.sendall(sender.seal(HANDSHAKE, bytes([FINISHED]) + vector(proof, 3)))

    schedule.advance(bytes(schedule.length))
    sender = Protection(schedule, schedule.derive(b"c ap traffic", messages), key_length)
    records.protection = Protection(schedule, schedule.derive(b"s ap traffic", messages), key_length)
    request = f"GET {job['target']} HTTP/1.1\r\nHost: {job['sni']}\r\n\r\n"
    connection.sendall(sender.seal(APPLICATION_DATA, request.encode()))
    response = b""
    while not complete(response):
        kind, contents = records.read()
        if kind == APPLICATION_DATA:
            response += contents
    return {"selected": selected, "response": base64.b64encode(response).decode()}


def main():
    try:
        result = run(json.load(sys.stdin))
    except Exception as error:  # the test wants to know, whatever it is
        result = {"error": f"{type(error).__name__}: {error}"}
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
