#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0

"""The verifier agrees with every vector of a signed format, and so do both middlewares."""

import asyncio
import base64
import hashlib
import json
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.dont_write_bytecode = True
VECTORS = HERE.parents[2] / "vectors"

import client_cert  # noqa: E402
from OpenSSL import crypto  # noqa: E402

CASES = [case for case in json.loads((VECTORS / "vectors.json").read_bytes())["cases"]
         if case["format"] in ("cms", "cms-sf")]


def read(file):
    return (VECTORS / file).read_bytes() if file else None


def verifier_of(case):
    config = case["config"]
    return client_cert.Verifier(
        anchors=read(config["anchors"]), pins=read(config["pins"]), crls=read(config["crls"]), names=config["names"],
        max_age=config["max_age"], skew=config["skew"], require_peer=config["require_peer"], format=case["format"])


def peer_of(case):
    if case["peer"] is None:
        return None
    certificate = crypto.load_certificate(crypto.FILETYPE_PEM, read(case["peer"]))
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)


def headers_of(case):
    return [(field["name"].encode(), field["value"].encode("latin-1")) for field in case["fields"]]


def found(case):
    """The client, or why there is none."""
    try:
        verifier = verifier_of(case)
        return verifier.verify(client_cert.field_values(headers_of(case)), peer_of(case), case["at"])
    except (client_cert.Refused, ValueError) as refused:
        return refused


class Vectors(unittest.TestCase):
    def test_every_case(self):
        self.assertGreater(len(CASES), 300)
        wrong, reasons = [], 0
        for case in CASES:
            result = found(case)
            if isinstance(result, client_cert.Client) != case["accepted"]:
                wrong.append(f"{case['name']}: {result!r}, and the vector says {case['reason']}")
            elif case["accepted"]:
                self.assertEqual(result.sha256, case["client"]["sha256"], case["name"])
                self.assertEqual(base64.b64encode(result.der).decode(), case["client"]["der"], case["name"])
                self.assertEqual(hashlib.sha256(result.signer).hexdigest(), case["signer_sha256"], case["name"])
                self.assertEqual(result.signing_time, case["signing_time"], case["name"])
            else:
                reasons += case["reason"] in str(result)
        self.assertEqual(wrong, [])
        # Told apart, not all refused for the same: most are refused for the vector's own reason.
        refused = sum(not case["accepted"] for case in CASES)
        self.assertGreater(reasons, refused * 3 / 4)


class Mutations(unittest.TestCase):
    def test_every_octet(self):
        """One that is changed, or all from one on cut off, is refused, and nothing else happens. Only the copy of
        the signer's certificate in the value may be another one's, since the peer's is at hand."""
        case = next(case for case in CASES if case["name"] == "good")
        verifier, peer = verifier_of(case), peer_of(case)
        der = base64.b64decode(case["fields"][0]["value"])
        for place in range(len(der)):
            changed = bytearray(der)
            changed[place] ^= 1 << place % 8
            for value in (bytes(changed), der[:place]):
                try:
                    client = verifier.verify([base64.b64encode(value)], peer, case["at"])
                except client_cert.Refused:
                    continue
                self.assertEqual((client.sha256, client.signer), (case["client"]["sha256"], peer), place)


class Middleware(unittest.TestCase):
    def setUp(self):
        # A value of 2027, which is verified as of then.
        self.case = next(case for case in CASES if case["name"] == "good")
        self.verifier = verifier_of(self.case)
        verify, at = self.verifier.verify, self.case["at"]
        self.verifier.verify = lambda values, peer=None: verify(values, peer, at)
        self.value = self.case["fields"][0]["value"]
        self.pem = read(self.case["peer"]).decode()

    def wsgi(self, environ, **options):
        said = {}

        def application(environ, start_response):
            start_response("200 OK", [])
            client = environ["client_cert"]
            self.assertNotIn("HTTP_CLIENT_CERT", environ)
            return [client.sha256.encode() if client else b"none"]

        def start_response(status, headers):
            said["status"] = status

        body = b"".join(client_cert.WSGI(application, self.verifier, **options)(environ, start_response))
        return said["status"].split()[0], body

    def test_wsgi(self):
        tls = {"SSL_CLIENT_VERIFY": "SUCCESS", "SSL_CLIENT_CERT": self.pem}
        good = ("200", self.case["client"]["sha256"].encode())
        self.assertEqual(self.wsgi({"HTTP_CLIENT_CERT": self.value, **tls}), good)
        self.assertEqual(self.wsgi(dict(tls)), ("200", b"none"))
        self.assertEqual(self.wsgi(dict(tls), required=True)[0], "401")
        self.assertEqual(self.wsgi({"HTTP_CLIENT_CERT": self.value})[0], "403")
        self.assertEqual(self.wsgi({"HTTP_CLIENT_CERT": self.value, **tls, "SSL_CLIENT_VERIFY": "GENEROUS"})[0], "403")
        self.assertEqual(self.wsgi({"HTTP_CLIENT_CERT": self.value, **tls, "SSL_CLIENT_CERT": self.pem * 2})[0], "403")
        self.assertEqual(self.wsgi({"HTTP_CLIENT_CERT": f"{self.value},{self.value}", **tls})[0], "400")
        # What a client writes for itself is a header, and no variable of the server's.
        self.assertEqual(self.wsgi({"HTTP_CLIENT_CERT": self.value, "HTTP_SSL_CLIENT_CERT": self.pem})[0], "403")
        peer = lambda environ: peer_of(self.case)  # noqa: E731
        self.assertEqual(self.wsgi({"HTTP_CLIENT_CERT": self.value}, peer=peer), good)

    def asgi(self, headers, extensions=None, type="http", **options):
        sent = []

        async def application(scope, receive, send):
            if scope["type"] != "lifespan":
                self.assertEqual(client_cert.field_values(scope["headers"]), [])
                await send({"client": scope["client_cert"] and scope["client_cert"].sha256})
            else:
                await send({"client": "lifespan"})

        async def receive():
            return {"type": f"{type}.connect"}

        async def send(message):
            sent.append(message)

        scope = {"type": type, "headers": headers, "extensions": extensions or {}}
        asyncio.run(client_cert.ASGI(application, self.verifier, **options)(scope, receive, send))
        return sent[0].get("client", sent[0].get("status", sent[0].get("code")))

    def test_asgi(self):
        tls = {"tls": {"client_cert_chain": [self.pem], "client_cert_error": None}}
        good, line = self.case["client"]["sha256"], (b"client-cert", self.value.encode())
        self.assertEqual(self.asgi([line], tls), good)
        self.assertEqual(self.asgi([line], tls, type="websocket"), good)
        self.assertIsNone(self.asgi([], tls))
        self.assertEqual(self.asgi([], tls, required=True), 401)
        self.assertEqual(self.asgi([line, line], tls), 400)
        self.assertEqual(self.asgi([line]), 403)
        self.assertEqual(self.asgi([line], type="websocket"), 1008)
        self.assertEqual(self.asgi([line], {"tls": dict(tls["tls"], client_cert_error="expired")}), 403)
        self.assertIsNone(self.asgi([(b"client_cert", self.value.encode())], tls))
        self.assertEqual(self.asgi([], type="lifespan"), "lifespan")


class Configuration(unittest.TestCase):
    def test_what_is_missing(self):
        pem = read(CASES[0]["config"]["anchors"])
        for options in ({}, {"anchors": pem}, {"anchors": b"", "names": ["a"]}, {"anchors": pem, "names": ["a"], "max_age": 0},
                        {"anchors": pem, "names": ["a"], "format": "rfc9440"}):
            with self.assertRaises(ValueError):
                client_cert.Verifier(**options)


if __name__ == "__main__":
    unittest.main()
