# SPDX-License-Identifier: Apache-2.0

"""WSGI: the variables that arrived with the request, as the application sees them."""

import json


def application(environ, start_response):
    # httpd takes this answer of an SCGI backend's for an internal redirect.
    if environ["REQUEST_URI"].endswith("/redirect"):
        start_response("200 OK", [("Location", "/redirected/")])
        return [b"moved\n"]
    raw = [f"{name}: {value}" for name, value in environ.items() if isinstance(value, str)]
    body = json.dumps({"method": environ["REQUEST_METHOD"], "raw": raw}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
