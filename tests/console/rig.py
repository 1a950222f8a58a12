"""The real web application in this process, with one organisation, a person of every role, and signed-in browsers of theirs."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser

import httpx
from fastapi import FastAPI

from presswarden.identity import service as identity
from presswarden.identity.model import Grant, Organisation, Person, Role
from presswarden.identity.sessions import service as sessions
from presswarden.identity.sessions.model import Way
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database, Tx
from presswarden.kernel.ids import OrgId, PersonId, SiteId, new_id
from presswarden.kernel.sealing import Kek
from presswarden.kernel.wake import Listener
from presswarden.processes.web import build_app
from presswarden.surfaces.console.door import COOKIE
from tests.support.couriers import courier_box

URL = "http://localhost:8700"
CONSENTS = "http://consent.localhost:8700"
KEK = Kek("web", bytes(range(32)))
_LONG = timedelta(minutes=30)


class CountedWake:
    def __init__(self) -> None:
        self.rung: list[str] = []

    async def ring(self, channel: str) -> None:
        self.rung.append(channel)

    def listen(self, channel: str) -> AbstractAsyncContextManager[Listener]:
        raise NotImplementedError("the console asks the database")


@dataclass
class Browser:
    """A person's browser: holds their session and sends forms as a browser does. Without a person it is a stranger's."""

    client: httpx.AsyncClient
    person: Person | None = None
    cookie: str = ""
    token: str = ""

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=self._sent(headers))

    async def part(self, path: str) -> httpx.Response:
        """As htmx asks for a part of a page."""
        return await self.get(path, **{"HX-Request": "true", "HX-Request-Type": "partial"})

    async def post(self, path: str, form: Mapping[str, object] | None = None, **headers: str) -> httpx.Response:
        own = {"Sec-Fetch-Site": "same-origin", "Origin": URL, **headers}
        return await self.client.post(path, data={"token": self.token, **(form or {})}, headers=self._sent(own))

    async def post_part(self, path: str, form: Mapping[str, object] | None = None) -> httpx.Response:
        return await self.post(path, form, **{"HX-Request": "true", "HX-Request-Type": "partial"})

    def _sent(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {**({"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}), **headers}


@dataclass
class House:
    database: Database
    clock: Clock
    app: FastAPI
    organisation: Organisation
    people: dict[Role, Person] = field(default_factory=dict)
    wake: CountedWake = field(default_factory=CountedWake)

    @property
    def org(self) -> OrgId:
        return self.organisation.id

    @property
    def owner(self) -> Person:
        return self.people[Role.OWNER]

    def transaction(self) -> AbstractAsyncContextManager[Tx]:
        return self.database.transaction(self.org)

    def stranger(self, url: str = URL) -> Browser:
        return Browser(self._client(url))

    async def as_role(self, role: Role, *, stepped_up: bool = True) -> Browser:
        return await self.as_person(self.people[role], stepped_up=stepped_up)

    async def as_person(self, person: Person, *, stepped_up: bool = True) -> Browser:
        """A browser with a session of this person, begun now (or long enough ago that it has to step up again)."""
        async with self.transaction() as tx:
            back = self.clock.now() - (timedelta() if stepped_up else _LONG)
            key, session = await sessions.begin(tx, person.id, Way.PASSKEY, source="192.0.2.7", browser="test", now=back)
        return Browser(self._client(URL), person, key.text, session.token)

    async def add(self, name: str, *grants: Grant) -> Person:
        async with self.transaction() as tx:
            made = await identity.add_person(
                tx, name=name, mail=f"{name.lower().replace(' ', '.')}@example.org", grant=grants[0], by=self.owner.id, now=self.clock.now()
            )
            for grant in grants[1:]:
                made = await identity.grant_role(tx, made.id, grant, by=self.owner.id, now=self.clock.now())
        return made

    async def scoped(self, role: Role, site: SiteId) -> Browser:
        """A person whose only role is for one site."""
        return await self.as_person(await self.add(f"{role.value} of one site", Grant(role, site)))

    def _client(self, url: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app, client=("192.0.2.7", 40000)), base_url=url, follow_redirects=False)


async def open_house(database: Database, clock: Clock, *, name: str = "Northwind", app: FastAPI | None = None) -> House:
    """An organisation with one person of every role, behind the application; a second one shares `app`."""
    org, wake = OrgId(new_id()), CountedWake()
    await courier_box(database)
    async with database.transaction(org) as tx:
        made = await identity.create_organisation(tx, name, "Olga Owner", f"owner@{name.lower()}.example", clock.now())
        owner = await identity.owner(tx)
        people = {Role.OWNER: owner}
        for role in Role:
            if role is not Role.OWNER:
                people[role] = await _join(tx, role, owner.id, name, clock)
    return House(database, clock, app or build_app(database, clock, KEK, wake, URL), made, people, wake)


async def _join(tx: Tx, role: Role, owner: PersonId, name: str, clock: Clock) -> Person:
    mail = f"{role.value}@{name.lower()}.example"
    return await identity.add_person(tx, name=f"{role.value.capitalize()} Person", mail=mail, grant=Grant(role), by=owner, now=clock.now())


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._skipped += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._skipped -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.texts.append(data)


def text_of(answer: httpx.Response) -> str:
    """What a person reads of a page, in one line."""
    reader = _Texts()
    reader.feed(answer.text)
    return " ".join(" ".join(reader.texts).split())
