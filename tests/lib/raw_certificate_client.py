#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0

"""A TLS 1.3 client that shows any octets for a certificate. OpenSSL's shows what it
makes of them, and only what it likes itself.

Standard input and output are JSON. The job:

    port, sni
    certificates   base64 of each, the client's own first
    key            the file of its P-256 key, PEM
    target         of one GET request on each connection
    times          connections one after another, each of which resumes the last's
                   session if the server lets it

What comes back: {connections: [{resumed, response: the HTTP response, base64}, ...]}
or {error}.
"""

import base64
import json
import socket
import sys
from types import SimpleNamespace

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from psk_client import (
    APPLICATION_DATA, FINISHED, HANDSHAKE, KEY_SHARE, PATIENCE, PRE_SHARED_KEY, SUITES,
    Protection, Records, Schedule, client_hello, complete, server_hello, vector,
)

SUITE = "TLS_AES_128_GCM_SHA256"
_, NAME, KEY_LENGTH = SUITES[SUITE]
NEW_SESSION_TICKET, CERTIFICATE, CERTIFICATE_REQUEST, CERTIFICATE_VERIFY = 4, 11, 13, 15
ECDSA_P256_SHA256 = b"\x04\x03"
MAX_RECORD = 1 << 14


def handshake(kind, body):
    return bytes([kind]) + vector(body, 3)


def split(pending):
    """The first handshake message, if it is all there, and the rest."""
    length = 4 + int.from_bytes(pending[1:4], "big")
    if len(pending) < 4 or len(pending) < length:
        return None, pending
    return pending[:length], pending[length:]


def certificate_verify(key, messages):
    """The body of a client's CertificateVerify, RFC 8446 section 4.4.3."""
    digest = Hash(SHA256())
    digest.update(messages)
    content = b" " * 64 + b"TLS 1.3, client CertificateVerify\0" + digest.finalize()
    return ECDSA_P256_SHA256 + vector(key.sign(content, ECDSA(SHA256())), 2)


def session_of(body, schedule, secret):
    """What a NewSessionTicket leaves, RFC 8446 section 4.6.1."""
    nonce = body[9 : 9 + body[8]]
    at = 9 + body[8]
    ticket = body[at + 2 : at + 2 + int.from_bytes(body[at : at + 2], "big")]
    return SimpleNamespace(
        ticket=ticket,
        age_add=int.from_bytes(body[4:8], "big"),
        secret=schedule.expand(secret, b"resumption", nonce, schedule.length),
        hash=NAME,
    )


def flight(job, schedule, secret, messages, context):
    """What the client answers: its certificate, if the server asked for one with this context,
    and Finished."""
    start = len(messages)
    if context is not None:
        shown = (vector(base64.b64decode(one), 3) + vector(b"", 2) for one in job["certificates"])
        messages += handshake(CERTIFICATE, vector(context, 1) + vector(b"".join(shown), 3))
        with open(job["key"], "rb") as file:
            key = load_pem_private_key(file.read(), None)
        messages += handshake(CERTIFICATE_VERIFY, certificate_verify(key, messages))
    messages += handshake(FINISHED, schedule.finished(secret, messages))
    return messages[start:]


def connect(job, sessions):
    private = X25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    connection = socket.create_connection(("127.0.0.1", job["port"]), PATIENCE)
    records = Records(connection)

    messages = client_hello({"suite": SUITE, "sni": job["sni"]}, sessions, public)
    connection.sendall(bytes([HANDSHAKE, 3, 1]) + vector(messages, 2))
    _, message = records.read()
    extensions = server_hello(message)
    messages += message
    resumed = PRE_SHARED_KEY in extensions
    schedule = Schedule(NAME, sessions[0].secret if resumed else bytes(32))
    schedule.advance(private.exchange(X25519PublicKey.from_public_bytes(extensions[KEY_SHARE][4:])))
    secrets = {side: schedule.derive(side + b" hs traffic", messages) for side in (b"c", b"s")}
    records.protection = Protection(schedule, secrets[b"s"], KEY_LENGTH)
    pending, context = b"", None
    while True:
        message, pending = split(pending)
        if message is None:
            pending += records.read()[1]
            continue
        if message[0] == FINISHED:
            break
        if message[0] == CERTIFICATE_REQUEST:
            context = message[5 : 5 + message[4]]
        messages += message
    if message[4:] != schedule.finished(secrets[b"s"], messages):
        raise ValueError("the server's Finished is wrong")
    messages += message

    answer = flight(job, schedule, secrets[b"c"], messages, context)
    sender = Protection(schedule, secrets[b"c"], KEY_LENGTH)
    for at in range(0, len(answer), MAX_RECORD):
        connection.sendall(sender.seal(HANDSHAKE, answer[at : at + MAX_RECORD]))
    schedule.advance(bytes(schedule.length))
    sender = Protection(schedule, schedule.derive(b"c ap traffic", messages), KEY_LENGTH)
    records.protection = Protection(schedule, schedule.derive(b"s ap traffic", messages), KEY_LENGTH)
    resumption = schedule.derive(b"res master", messages + answer)

    request = f"GET {job['target']} HTTP/1.1\r\nHost: {job['sni']}\r\n\r\n"
    connection.sendall(sender.seal(APPLICATION_DATA, request.encode()))
    response, pending, session = b"", b"", None
    while not complete(response):
        kind, contents = records.read()
        if kind == APPLICATION_DATA:
            response += contents
            continue
        pending += contents
        while (parts := split(pending))[0] is not None:
            message, pending = parts
            if message[0] == NEW_SESSION_TICKET:
                session = session_of(message[4:], schedule, resumption)
    connection.close()
    return {"resumed": resumed, "response": base64.b64encode(response).decode()}, session


def run(job):
    connections, session = [], None
    for _ in range(job.get("times", 1)):
        found, session = connect(job, [session] if session else [])
        connections.append(found)
    return {"connections": connections}


def main():
    try:
        result = run(json.load(sys.stdin))
    except Exception as error:  # the test wants to know, whatever it is
        result = {"error": f"{type(error).__name__}: {error}"}
    json.dump(result, sys.stdout)


main()
