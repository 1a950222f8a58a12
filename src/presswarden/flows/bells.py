"""Tells who waits in this process that a request came to its end, and looks where nobody tells. Limits: rings are lost with the process; the tables are not."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from presswarden.kernel.ids import RequestId
from presswarden.mailbox.model import Request

LOOK_EVERY: Final = 1.0
MOST_LOOKS: Final = 7_200


class Bells:
    """Tells a step of this process that its request was settled by this process's dispatcher; what another one settles is seen by looking."""

    def __init__(self) -> None:
        self._bells: dict[RequestId, asyncio.Event] = {}

    def ring(self, request: RequestId) -> None:
        bell = self._bells.get(request)
        if bell is not None:
            bell.set()

    @contextmanager
    def listening(self, request: RequestId) -> Iterator[asyncio.Event]:
        """To be begun before the request is asked for, so that no ring is missed."""
        try:
            yield self._bells.setdefault(request, asyncio.Event())
        finally:
            self._bells.pop(request, None)

    async def until_settled(self, bell: asyncio.Event, asked: Request, look: Callable[[], Coroutine[Any, Any, Request]]) -> Request:
        found = asked
        for _ in range(MOST_LOOKS):
            if found.is_settled:
                return found
            with suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), LOOK_EVERY)
            bell.clear()
            found = await look()
        raise RuntimeError("no dispatcher brought this request to its end")
