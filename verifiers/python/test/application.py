# SPDX-License-Identifier: Apache-2.0

"""Says hello to the client, or 401: WSGI (`application`), and ASGI (`asgi`, `asgi_without_peer`).

The environment names what is trusted: VERIFIER_ANCHORS, a file, and VERIFIER_NAMES.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
import client_cert  # noqa: E402


def verifier(**options):
    with open(os.environ["VERIFIER_ANCHORS"], "rb") as file:
        return client_cert.Verifier(anchors=file.read(), names=os.environ["VERIFIER_NAMES"].split(), **options)


def log(line):
    print(line, file=sys.stderr, flush=True)


def hello(client):
    return f"hello {client.certificate().subject.rfc4514_string()}\n".encode()


def _application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [hello(environ["client_cert"])]


async def _asgi(scope, receive, send):
    if scope["type"] == "http":
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": hello(scope["client_cert"])})


application = client_cert.WSGI(_application, verifier(), required=True, log=log)
asgi = client_cert.ASGI(_asgi, verifier(), required=True, log=log)
asgi_without_peer = client_cert.ASGI(_asgi, verifier(require_peer=False), required=True, log=log)
