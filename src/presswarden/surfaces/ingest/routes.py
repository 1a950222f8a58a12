"""`/ingest/v1/*`: the HTTP of it. Reads no more bytes than a message may have, for no longer than a message may take, and answers in the wire's form.

Limits: knows no rule of pairing or telemetry; the caller's address is the connection's, so a proxy in front must be resolved before the application.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from presswarden.kernel.canonical import decode_object
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database
from presswarden.kernel.errors import Malformed, PresswardenError, TooLarge
from presswarden.kernel.ids import Everyone
from presswarden.kernel.sealing import Kek
from presswarden.kernel.wake import Wake
from presswarden.mailbox import service as mailbox
from presswarden.sites import service as sites
from presswarden.sites.model import InstallationChanged
from presswarden.sites.probes import service as probes
from presswarden.surfaces import problems
from presswarden.surfaces.ingest import bodies
from presswarden.surfaces.ingest.counter import Counter, Taken
from presswarden.surfaces.ingest.door import Door, Verified
from presswarden.surfaces.ingest.message import LARGEST_BODY, read_message
from presswarden.surfaces.ingest.refusals import TEXTS, Refusal
from presswarden.surfaces.limits import PER_ADDRESS, Limit, Rate, source_of

PATIENCE: Final = 15.0
"""Seconds that a whole body may take to arrive."""
LARGEST_PAIRING: Final = 16_384
"""Of the one message that is parsed before anything of it is proved: a stranger's MiB would hold up everybody while it is read."""

Take = Callable[[Verified], Awaitable[Taken | Refusal]]


class _Ingest:
    def __init__(self, database: Database, clock: Clock, kek: Kek, wake: Wake, everyone: Everyone, rate: Rate, patience: float) -> None:
        self._database = database
        self._clock = clock
        self._kek = kek
        self._wake = wake
        self._everyone = everyone
        self._patience = patience
        self._limit = Limit(rate)
        self._door = Door(database, clock, kek, everyone)
        self._counter = Counter(database, self._door)

    async def pair(self, request: Request) -> Response:
        return await self._answered(request, self._pair)

    async def heartbeat(self, request: Request) -> Response:
        return await self._answered(request, lambda r: self._signed(r, "heartbeat", self._counter.take_heartbeat))

    async def receipt(self, request: Request) -> Response:
        return await self._answered(request, lambda r: self._signed(r, "receipt", self._counter.take_receipt))

    async def moved(self, request: Request) -> Response:
        return await self._answered(request, lambda r: self._signed(r, "moved", self._counter.take_move))

    async def _answered(self, request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        if not self._limit.allows(_source(request), self._clock.now()):
            return _refused(Refusal("ingest.rate"))
        try:
            return await answer(request)
        except PresswardenError as fault:
            # What the wire names has a next step even where the error has none.
            return _refused(Refusal(fault.code, fault.says, fault.do)) if fault.code in TEXTS else _failed(fault)

    async def _signed(self, request: Request, direction: str, take: Take) -> Response:
        encoding = _encoding(request, ("gzip",) if direction == "heartbeat" else ())
        message = read_message(request.headers.raw, await self._body(request))
        judged = await self._door.judge(message, encoding, direction)
        try:
            taken = judged if isinstance(judged, Refusal) else await take(judged)
        except InstallationChanged:
            # Judged by what was remembered; nothing was written. Once more, by what the database says now.
            self._door.forget(message.installation)
            judged = await self._door.judge(message, encoding, direction)
            taken = judged if isinstance(judged, Refusal) else await take(judged)
        if isinstance(taken, Refusal):
            return _refused(taken)
        await self._ring(*taken.rings)
        return Response(taken.answer, 200, media_type="application/json")

    async def _pair(self, request: Request) -> Response:
        _encoding(request, ())
        asked = bodies.pair_request(decode_object(await self._body(request, LARGEST_PAIRING)))
        now, source = self._clock.now(), _source(request)
        async with self._database.reading(self._everyone) as tx:
            found = await sites.installation_of(self._everyone, tx, asked.installation)
        if found is None:
            async with self._database.transaction(self._everyone) as tx:
                refusal = await sites.refuse_unknown_pairing(self._everyone, tx, source, now=now)
            return _refused(Refusal(refusal.value))
        async with self._database.transaction(found.org) as tx:
            refused = await sites.accept_pairing(tx, asked, source, self._kek, now=now)
        if refused is not None:
            return _refused(Refusal(refused.value))
        await self._ring(mailbox.DISPATCH, probes.LOOK)
        return Response(b'{"status":"confirming","v":1}', 202, media_type="application/json")

    async def _body(self, request: Request, largest: int = LARGEST_BODY) -> bytes:
        length = request.headers.get("content-length", "0")
        if not length.isdigit():
            raise Malformed("The body's length is not a number.")
        if len(length) > 8 or int(length) > largest:
            raise TooLarge(f"The body is larger than {largest // 1024} KiB.")
        read = bytearray()
        try:
            async with asyncio.timeout(self._patience):
                async for chunk in request.stream():
                    read += chunk
                    if len(read) > largest:
                        raise TooLarge(f"The body is larger than {largest // 1024} KiB.")
        except TimeoutError as fault:
            raise Malformed("The body did not arrive in time.") from fault
        except ClientDisconnect as fault:
            raise Malformed("The body did not arrive whole.") from fault
        if not read:
            raise Malformed("There is no body.")
        return bytes(read)

    async def _ring(self, *channels: str) -> None:
        # A lost ring costs only somebody's next look; what was committed stays committed.
        for channel in channels:
            with contextlib.suppress(Exception):
                await self._wake.ring(channel)


def ingest_routes(
    database: Database, clock: Clock, kek: Kek, wake: Wake, everyone: Everyone, *, rate: Rate = PER_ADDRESS, patience: float = PATIENCE
) -> APIRouter:
    """The routes for sites. `kek` is the web process's own; `everyone` lets it find the organisation that an installation belongs to."""
    ingest = _Ingest(database, clock, kek, wake, everyone, rate, patience)
    router = APIRouter()
    for name, endpoint in (("pair", ingest.pair), ("heartbeat", ingest.heartbeat), ("receipt", ingest.receipt), ("moved", ingest.moved)):
        # A plain route: the bytes are read and bounded here, so the framework's own reading of parameters and bodies has nothing to do.
        router.add_route(f"/ingest/v1/{name}", endpoint, methods=["POST"])
    return router


def _source(request: Request) -> str:
    return source_of(request.client.host if request.client else None)


def _encoding(request: Request, allowed: tuple[str, ...]) -> str:
    encoding = ",".join(request.headers.getlist("content-encoding")).strip().lower()
    if encoding not in {"", *allowed}:
        raise Malformed("The body's encoding is not one this address takes.")
    return encoding


def _failed(fault: PresswardenError) -> Response:
    number, body = problems.of(fault)
    return Response(body, number, media_type=problems.MEDIA_TYPE)


def _refused(refusal: Refusal) -> Response:
    number, body = refusal.answer()
    return Response(body, number, media_type=problems.MEDIA_TYPE)
