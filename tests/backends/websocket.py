# SPDX-License-Identifier: Apache-2.0

"""A WebSocket server: the first message tells the fields of the opening
handshake, every further one is sent back as it came."""

import asyncio
import json
import sys

import websockets


async def report(connection):
    raw = [f"{name}: {value}" for name, value in connection.request_headers.raw_items()]
    await connection.send(json.dumps({"target": connection.path, "raw": raw}))
    async for message in connection:
        await connection.send(message)


async def main():
    async with websockets.serve(report, "127.0.0.1", int(sys.argv[1])):
        await asyncio.Future()


asyncio.run(main())
