"""Fixtures of the kills: four sites behind gates, and the control plane in both of its forms. Sites are unpaired between tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import asyncpg
import pytest

from lab.recorder import Recorder
from lab.site import Lab
from lab.updates import UpdateServer
from tests.crash.plane import Plane
from tests.crash.shops import Shop, open_shop, together
from tests.crash.table import Tell, teller

SHOPS = ("before", "burnt", "sent", "answered")


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    return teller(request)


@pytest.fixture(scope="session")
def shops() -> Iterator[tuple[Shop, ...]]:
    with Lab() as lab:
        opened = [open_shop(lab, name) for name in SHOPS]
        yield tuple(opened)
        for shop in opened:
            shop.gate.__exit__(None, None, None)


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """All processes in one, on SQLite."""
    room = tmp_path_factory.mktemp("serve") / "home"
    with Recorder() as gate:
        plane = Plane(room, gate, f"sqlite:///{room / 'presswarden.sqlite'}", ("serve",))
        try:
            plane.set_up()
            yield plane
        finally:
            plane.close()


@pytest.fixture(scope="session")
def apart(tmp_path_factory: pytest.TempPathFactory, postgres_cluster: str) -> Iterator[Plane]:
    """web, dispatcher and janitor as processes of their own, on PostgreSQL."""
    name = f"crash_{uuid4().hex}"
    asyncio.run(statement(f"{postgres_cluster}/postgres", f"CREATE DATABASE {name}"))
    with Recorder() as gate:
        room = tmp_path_factory.mktemp("apart") / "home"
        plane = Plane(room, gate, f"{postgres_cluster}/{name}", ("web", "dispatcher", "janitor"))
        try:
            plane.set_up()
            yield plane
        finally:
            plane.close()


@pytest.fixture(scope="module")
def updates() -> Iterator[UpdateServer]:
    """Where the sites ask for updates, and the control plane for packages."""
    with UpdateServer.start() as server:
        yield server


@pytest.fixture
def rested(shops: tuple[Shop, ...]) -> tuple[Shop, ...]:
    """The sites, none of them paired and the oracle's memory empty."""
    together(lambda shop: shop.unpair(), shops)
    for shop in shops:
        shop.site.clear_events()
    return shops


async def statement(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
