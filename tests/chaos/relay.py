"""`python -m tests.chaos.relay OTHER PORT...`: what is said to a port of the loopback here is carried over the wire to the same port of the other end.

Plain HTTP is for the loopback alone, and a network of one's own has a loopback of its own: this is the piece of wire in between. Limits: started inside
that network by `ground`; whoever connects is taken at once, and learns of a cut by silence, or by a connection that ends.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while read := await reader.read(65_536):
            writer.write(read)
            await writer.drain()
    with suppress(OSError, RuntimeError):
        writer.write_eof()


async def relay(other: str, ports: list[int]) -> None:
    async def carry(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            away, back = await asyncio.open_connection(other, port)
        except OSError:
            writer.close()
            return
        try:
            asked = asyncio.ensure_future(_pump(reader, back))
            await _pump(away, writer)
            asked.cancel()
        finally:
            back.close()
            writer.close()

    servers = [await asyncio.start_server(lambda r, w, port=port: carry(port, r, w), "127.0.0.1", port) for port in ports]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(relay(sys.argv[1], [int(port) for port in sys.argv[2:]]))
