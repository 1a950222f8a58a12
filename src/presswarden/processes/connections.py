"""Connections that are given up when they dawdle, so that a few hundred half-open ones can't keep everybody else out.

The server gives an answered connection a time to live, but none to one that never finished its request's head, or that goes on sending a body nobody reads.
Limits: a body's own time is the surface's business; how many connections one address may open is the proxy's in front.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN = 10.0
"""Seconds that a request's head may take, from the connection on, or from the end of the rest that an answered one is given."""

LINGER = 2.0
"""Seconds for the rest of a body that was answered before its end: closing at once could tear the answer down with it."""


class ImpatientConnection(H11Protocol):
    """HTTP/1.1 as the server speaks it, with a deadline for each head and an end to a body that was answered early."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the server's own class
        super().connection_made(transport)
        self._close_in(HEAD_WITHIN)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing() and self.cycle.response_complete:
            self._close_in(LINGER if self.conn.their_state is h11.SEND_BODY else self.timeout_keep_alive + HEAD_WITHIN)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _close_in(self, seconds: float) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
