# SPDX-License-Identifier: Apache-2.0

"""A WebSocket server: the first message tells the fields of the opening
handshake, every further one is sent back as it came."""

import asyncio
import json
import sys

import websockets


async def report(connection):
    # Before version 14 of the library, connections have both themselves.
    if hasattr(connection, "request_headers"):
        path, headers = connection.path, connection.request_headers
    else:
        path, headers = connection.request.path, connection.request.headers
    raw = [f"{name}: {value}" for name, value in headers.raw_items()]
    await connection.send(json.dumps({"target": path, "raw": raw}))
    async for message in connection:
        await connection.send(message)


async def main():
    async with websockets.serve(report, "127.0.0.1", int(sys.argv[1])):
        await asyncio.Future()


asyncio.run(main())
