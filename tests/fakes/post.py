"""A mail server of the tests' own, on loopback: takes what it is given, with STARTTLS or TLS or neither, with a login or none, and can refuse.

Limits: one message a connection is enough for it; it delivers nothing anywhere.
"""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message


@dataclass
class PostOffice:
    tls: ssl.SSLContext | None = None
    """For STARTTLS; None: it is not offered."""
    login: tuple[str, str] | None = None
    refuse: str = ""
    """The command that is answered with 550; "" takes everything."""
    down: bool = False
    port: int = 0
    mails: list[Message] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        secure = writer.get_extra_info("ssl_object") is not None
        try:
            if self.down:
                return
            writer.write(b"220 post\r\n")
            while line := (await reader.readline()).decode().strip():
                word = line.split(" ")[0].upper()
                if word == self.refuse:
                    writer.write(b"550 no\r\n")
                elif word == "STARTTLS" and self.tls is not None:
                    writer.write(b"220 go\r\n")
                    await writer.drain()
                    await writer.start_tls(self.tls)
                    secure = True
                elif word == "DATA":
                    writer.write(b"354 go\r\n")
                    raw = await reader.readuntil(b"\r\n.\r\n")
                    self.mails.append(message_from_bytes(raw[:-5]))
                    self.secured.append(secure)
                    writer.write(b"250 taken\r\n")
                elif word == "QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                else:
                    writer.write(self._said(word, line, secure))
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    def _said(self, word: str, line: str, secure: bool) -> bytes:
        if word == "EHLO":
            more = ["STARTTLS"] if self.tls is not None and not secure else []
            more += ["AUTH PLAIN"] if self.login else []
            return "".join(f"250-{each}\r\n" for each in ["post", *more]).encode() + b"250 8BITMIME\r\n"
        if word == "AUTH":
            told = base64.b64decode(line.split(" ")[2]).decode().split("\0")[1:]
            return b"235 in\r\n" if tuple(told) == self.login else b"535 no\r\n"
        return b"250 ok\r\n"


@asynccontextmanager
async def post_office(implicit: ssl.SSLContext | None = None, **more: object) -> AsyncIterator[PostOffice]:
    """`implicit`: TLS that is spoken from the start."""
    made = PostOffice(**more)  # type: ignore[arg-type]  # of the fields' own names
    listening = await asyncio.start_server(made.connected, "127.0.0.1", 0, ssl=implicit)
    made.port = listening.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        listening.close()
        await listening.wait_closed()
