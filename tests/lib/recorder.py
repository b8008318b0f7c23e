#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0

"""A backend for the suite that believes everything it reads.

    recorder.py HTTP_PORT H2C_PORT FCGI_PORT LOG

It speaks HTTP/1.1, HTTP/2 without TLS and FastCGI on a port of 127.0.0.1 each,
and writes what it reads to LOG before it answers, one JSON document a line:

    backend   http, h2c or fcgi
    line      the request line
    fields    [name, value] as received, pseudo headers of HTTP/2 included;
              with FastCGI the variables that begin with HTTP_, without that,
              and repeated where they were repeated
    trailers  the same, of what followed the body; null in the first of the two
              documents that a request with a body leaves behind
    raw       with HTTP/1.1, the whole head

Its HTTP/1.1 is as lenient as the most careless implementation: a line ends
with LF, a name with the first colon.

The answer is that document, or what the query asks for:

    status=N (101 with the key of a WebSocket, "frames" and the end)
    h=Name:value  t=Name:value (a trailer)  i=Name:value (sent in a 103 before)
    c=Name:value (in a 100 before that)  Name:*N (a value of so many bytes)
    etag=TAG (304 if the request has it)  body=TEXT  n (the answer
    is the number of requests so far)  drop (the connection ends unanswered)
"""

import asyncio
import base64
import hashlib
import json
import re
import struct
import sys
from urllib.parse import parse_qs, urlsplit

import h2.config
import h2.connection
import h2.events
import h2.exceptions

log = None
count = 0


def text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else value


def write_down(document):
    log.write(json.dumps(document) + "\n")
    log.flush()


def answer(document, target):
    """(status, fields, body, trailers, interim fields), or None to hang up."""
    global count
    count += 1
    query = parse_qs(urlsplit(target).query, keep_blank_values=True)

    def pair(text):
        name, value = text.split(":", 1)
        return name, "x" * int(value[1:]) if re.fullmatch(r"\*\d+", value) else value

    def pairs(key):
        return [pair(text) for text in query.get(key, [])]

    if "drop" in query:
        return None
    status = int(query.get("status", ["200"])[0])
    fields = pairs("h")
    body = json.dumps(document) + "\n"
    if "n" in query:
        body = str(count) + "\n"
    if "body" in query:
        body = query["body"][0] + "\n"
    if "etag" in query:
        fields.append(("ETag", '"%s"' % query["etag"][0]))
        asked = [value for name, value in document["fields"] if name.lower() == "if-none-match"]
        if asked and query["etag"][0] in asked[0]:
            status = 304
    if not any(name.lower() == "content-type" for name, _ in fields):
        fields.append(("Content-Type", "application/json"))
    return status, fields, body.encode("latin-1", "replace"), pairs("t"), pairs("i")


def split_fields(lines):
    fields = []
    for line in lines:
        if line[:1] in " \t" and fields:
            fields[-1][1] += " " + line.strip()
            continue
        name, _, value = line.partition(":")
        fields.append([name, value.strip(" \t")])
    return fields


def value_of(fields, name):
    return [value for key, value in fields if key.strip().lower() == name]


def accept_of(key):
    """What a WebSocket's server makes of the key (RFC 6455, section 4.2.2)."""
    digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    return base64.b64encode(digest).decode()


async def read_lines(reader):
    lines = []
    while True:
        line = await reader.readline()
        if not line:
            return None
        line = line.decode("latin-1").rstrip("\r\n")
        if not line:
            return lines
        lines.append(line)


async def read_chunks(reader):
    while True:
        size = int((await reader.readline()).split(b";")[0].strip() or b"0", 16)
        if not size:
            return split_fields(await read_lines(reader) or [])
        await reader.readexactly(size)
        await reader.readline()


async def serve_http(reader, writer):
    try:
        while True:
            lines = await read_lines(reader)
            if lines is None:
                return
            if not lines:
                continue
            fields = split_fields(lines[1:])
            document = {
                "backend": "http",
                "line": lines[0],
                "fields": fields,
                "trailers": None,
                "raw": "\n".join(lines),
            }
            write_down(document)
            chunked = "chunked" in ",".join(value_of(fields, "transfer-encoding")).lower()
            length = value_of(fields, "content-length")
            method, target = (lines[0].split(" ") + ["/"])[:2]
            going_on = parse_qs(urlsplit(target).query).get("c", [])
            if value_of(fields, "expect") or going_on:
                head = "".join("%s\r\n" % field for field in going_on)
                writer.write(b"HTTP/1.1 100 Continue\r\n" + head.encode() + b"\r\n")
                await writer.drain()
            if chunked:
                document["trailers"] = await read_chunks(reader)
            elif length:
                await reader.readexactly(int(length[0]))
                document["trailers"] = []
            if document["trailers"] is not None:
                write_down(document)

            response = answer(document, target)
            if response is None:
                return
            status, fields_out, body, trailers, interim = response
            if interim:
                writer.write(b"HTTP/1.1 103 Early Hints\r\n")
                writer.write("".join("%s: %s\r\n" % f for f in interim).encode() + b"\r\n")
                await writer.drain()
            head = "HTTP/1.1 %d Answered\r\n" % status
            head += "".join("%s: %s\r\n" % f for f in fields_out)
            if status == 304 or method == "HEAD":
                writer.write(head.encode() + b"\r\n")
            elif status == 101:
                for key in value_of(fields, "sec-websocket-key"):
                    head += "Sec-WebSocket-Accept: %s\r\n" % accept_of(key)
                writer.write(head.encode() + b"\r\nframes\n")
                await writer.drain()
                return
            elif trailers:
                head += "Transfer-Encoding: chunked\r\nTrailer: %s\r\n\r\n" % ", ".join(
                    name for name, _ in trailers
                )
                writer.write(head.encode() + b"%x\r\n" % len(body) + body + b"\r\n0\r\n")
                writer.write("".join("%s: %s\r\n" % f for f in trailers).encode() + b"\r\n")
            else:
                head += "Content-Length: %d\r\n\r\n" % len(body)
                writer.write(head.encode() + body)
            await writer.drain()
    except (OSError, ValueError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def serve_h2c(reader, writer):
    connection = h2.connection.H2Connection(
        h2.config.H2Configuration(
            client_side=False, header_encoding=None, validate_inbound_headers=False
        )
    )
    connection.initiate_connection()
    writer.write(connection.data_to_send())
    streams = {}

    def respond(stream, document):
        target = [value for name, value in document["fields"] if name == ":path"]
        response = answer(document, (target or ["/"])[0])
        if response is None:
            connection.reset_stream(stream)
            return
        status, fields, body, trailers, _ = response
        fields = [(name.lower(), value) for name, value in fields]
        if status == 304 or document["line"].startswith("HEAD "):
            connection.send_headers(stream, [(":status", str(status))] + fields, end_stream=True)
            return
        connection.send_headers(stream, [(":status", str(status))] + fields)
        connection.send_data(stream, body, end_stream=not trailers)
        if trailers:
            connection.send_headers(
                stream, [(name.lower(), value) for name, value in trailers], end_stream=True
            )

    try:
        while True:
            data = await reader.read(65536)
            if not data:
                return
            for event in connection.receive_data(data):
                stream = getattr(event, "stream_id", None)
                if isinstance(event, h2.events.RequestReceived):
                    fields = [[text(name), text(value)] for name, value in event.headers]
                    pseudo = dict((name, value) for name, value in fields if name[:1] == ":")
                    streams[stream] = {
                        "backend": "h2c",
                        "line": "%s %s" % (pseudo.get(":method"), pseudo.get(":path")),
                        "fields": fields,
                        "trailers": None,
                    }
                    write_down(streams[stream])
                    if value_of(fields, "expect"):
                        connection.send_headers(stream, [(":status", "100")])
                elif isinstance(event, h2.events.DataReceived):
                    connection.acknowledge_received_data(event.flow_controlled_length, stream)
                elif isinstance(event, h2.events.TrailersReceived):
                    streams[stream]["trailers"] = [
                        [text(name), text(value)] for name, value in event.headers
                    ]
                    write_down(streams[stream])
                elif isinstance(event, h2.events.StreamEnded):
                    respond(stream, streams.pop(stream))
            writer.write(connection.data_to_send())
            await writer.drain()
    except (OSError, h2.exceptions.H2Error, KeyError):
        pass
    finally:
        writer.close()


FCGI_BEGIN_REQUEST, FCGI_END_REQUEST, FCGI_PARAMS, FCGI_STDIN, FCGI_STDOUT = 1, 3, 4, 5, 6


def fcgi_pairs(octets):
    pairs = []
    at = 0
    while at < len(octets):
        lengths = []
        for _ in range(2):
            if octets[at] & 0x80:
                lengths.append(struct.unpack_from(">I", octets, at)[0] & 0x7FFFFFFF)
                at += 4
            else:
                lengths.append(octets[at])
                at += 1
        parts = []
        for length in lengths:
            parts.append(text(octets[at : at + length]))
            at += length
        pairs.append(parts)
    return pairs


async def serve_fcgi(reader, writer):
    def send(kind, request, content):
        writer.write(struct.pack(">BBHHBB", 1, kind, request, len(content), 0, 0) + content)

    parameters = b""
    try:
        while True:
            _, kind, request, length, padding, _ = struct.unpack(
                ">BBHHBB", await reader.readexactly(8)
            )
            content = (await reader.readexactly(length + padding))[:length]
            if kind == FCGI_BEGIN_REQUEST:
                parameters = b""
            elif kind == FCGI_PARAMS:
                parameters += content
            elif kind == FCGI_STDIN and not content:
                pairs = fcgi_pairs(parameters)
                variables = dict(pairs)
                # REQUEST_URI is the client's, whatever a redirect made of it.
                path = urlsplit(variables.get("SCRIPT_FILENAME", "/").partition(":")[2]).path
                target = "%s?%s" % (path, variables.get("QUERY_STRING", ""))
                document = {
                    "backend": "fcgi",
                    "line": "%s %s" % (variables.get("REQUEST_METHOD"), target),
                    "fields": [[name[5:], value] for name, value in pairs if name[:5] == "HTTP_"],
                    "trailers": [],
                }
                write_down(document)
                response = answer(document, target)
                if response is None:
                    return
                status, fields, body, _, _ = response
                head = "Status: %d Answered\r\n" % status
                head += "".join("%s: %s\r\n" % f for f in fields)
                out = head.encode() + b"\r\n" + body
                for start in range(0, len(out), 32768):
                    send(FCGI_STDOUT, request, out[start : start + 32768])
                send(FCGI_STDOUT, request, b"")
                send(FCGI_END_REQUEST, request, bytes(8))
                await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main():
    global log
    log = open(sys.argv[4], "a", encoding="ascii")
    loop = asyncio.get_running_loop()
    # An accident in one connection must not look like a quiet backend.
    loop.set_exception_handler(
        lambda _, context: print("recorder:", context, file=sys.stderr, flush=True)
    )
    h2c = await asyncio.start_server(serve_h2c, "127.0.0.1", int(sys.argv[2]))
    fcgi = await asyncio.start_server(serve_fcgi, "127.0.0.1", int(sys.argv[3]))
    # The last to open: where it answers, the others do.
    http = await asyncio.start_server(serve_http, "127.0.0.1", int(sys.argv[1]), limit=1 << 20)
    await asyncio.gather(http.serve_forever(), h2c.serve_forever(), fcgi.serve_forever())


if __name__ == "__main__":
    asyncio.run(main())
