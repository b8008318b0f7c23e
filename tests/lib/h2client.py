#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0

"""An HTTP/2 client that sends what it is told, right or wrong.

Standard input and output are JSON, one document a line. A job:

    port, sni, cert and key (files; none without), tls ("1.2" or "1.3")
    prior     true: no TLS, HTTP/2 with prior knowledge
    streams   [{headers: [[name, value], ...], body, trailers}, ...], all
              opened before any answer is read

What comes back: {alpn, streams: [{status, headers, body, trailers, interim,
reset}], goaway, error}.
"""

import json
import socket
import ssl
import sys

import h2.config
import h2.connection
import h2.events
import h2.exceptions

PATIENCE = 15


def octets(pairs):
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]


def pairs_of(headers):
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]


def connect(job):
    plain = socket.create_connection(("127.0.0.1", job["port"]), PATIENCE)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if job.get("prior"):
        return plain, None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    if job.get("tls") == "1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if job.get("cert"):
        context.load_cert_chain(job["cert"], job["key"])
    secure = context.wrap_socket(plain, server_hostname=job["sni"])
    return secure, secure.selected_alpn_protocol()


def run(job):
    result = {"streams": []}
    sock, result["alpn"] = connect(job)
    connection = h2.connection.H2Connection(
        h2.config.H2Configuration(
            header_encoding=None,
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
            validate_inbound_headers=False,
        )
    )
    connection.initiate_connection()
    streams = {}
    for wanted in job["streams"]:
        stream = connection.get_next_available_stream_id()
        body = wanted.get("body")
        trailers = wanted.get("trailers")
        connection.send_headers(
            stream, octets(wanted["headers"]), end_stream=body is None and not trailers
        )
        if body is not None:
            connection.send_data(stream, body.encode("latin-1"), end_stream=not trailers)
        if trailers:
            connection.send_headers(stream, octets(trailers), end_stream=True)
        streams[stream] = {
            "status": 0, "headers": [], "body": "", "trailers": [], "interim": [], "reset": None,
        }
        result["streams"].append(streams[stream])
    sock.sendall(connection.data_to_send())

    open_streams = set(streams)
    while open_streams:
        data = sock.recv(65536)
        if not data:
            break
        for event in connection.receive_data(data):
            stream = streams.get(getattr(event, "stream_id", None))
            if isinstance(event, h2.events.ResponseReceived):
                stream["headers"] = pairs_of(event.headers)
                stream["status"] = int(dict(stream["headers"])[":status"])
            elif isinstance(event, h2.events.InformationalResponseReceived):
                stream["interim"].append(pairs_of(event.headers))
            elif isinstance(event, h2.events.DataReceived):
                stream["body"] += event.data.decode("latin-1")
                connection.acknowledge_received_data(
                    event.flow_controlled_length, event.stream_id
                )
            elif isinstance(event, h2.events.TrailersReceived):
                stream["trailers"] = pairs_of(event.headers)
            elif isinstance(event, h2.events.StreamReset) and stream is not None:
                stream["reset"] = int(event.error_code)
                open_streams.discard(event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                open_streams.discard(event.stream_id)
            elif isinstance(event, h2.events.ConnectionTerminated):
                result["goaway"] = int(event.error_code)
                if result["goaway"]:
                    open_streams.clear()
        out = connection.data_to_send()
        if out:
            sock.sendall(out)
    sock.close()
    return result


for line in sys.stdin:
    try:
        outcome = run(json.loads(line))
    except (OSError, h2.exceptions.H2Error, ValueError) as error:
        outcome = {"streams": [], "error": "%s: %s" % (type(error).__name__, error)}
    print(json.dumps(outcome), flush=True)
