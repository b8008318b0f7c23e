#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0

"""An application that lets in who the proxy says a client is, by headers of single variables: WSGI, or
`login.py PORT` with Python's own server.

A client may bring a token that is bound to its certificate (RFC 8705): `Bearer`, a JSON object in
base64url, a dot, and the HMAC of that. Who took another's token is not let in.
"""

import base64
import hashlib
import hmac
import json
import sys
from wsgiref.simple_server import make_server

KEY = b"a key of the token's issuer"


def is_bound(token, thumbprint):
    payload, _, mac = token.partition(".")
    expected = base64.urlsafe_b64encode(hmac.digest(KEY, payload.encode(), hashlib.sha256)).rstrip(b"=")
    if not hmac.compare_digest(mac.encode(), expected):
        return False
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims["cnf"]["x5t#S256"] == thumbprint


def application(environ, start_response):
    name = environ.get("HTTP_X_SSL_CLIENT_S_DN_CN", "")
    known = environ.get("HTTP_X_SSL_CLIENT_VERIFY") == "SUCCESS" and name
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme == "Bearer":
        known = known and is_bound(token, environ.get("HTTP_X_CLIENT_THUMBPRINT"))
    body = f"hello {name}\n" if known else "who are you?\n"
    start_response("200 OK" if known else "401 Unauthorized", [("Content-Type", "text/plain")])
    # WSGI has the octets of a header as the characters of ISO 8859-1.
    return [body.encode("latin-1")]


if __name__ == "__main__":
    make_server("127.0.0.1", int(sys.argv[1]), application).serve_forever()
