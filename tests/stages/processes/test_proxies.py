"""The caller's address is the connection's; a header names it only when a trusted proxy sent it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request

from presswarden.processes.settings import Settings
from presswarden.processes.web import ListenFailed, serve_app


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _seen_by(folder: Path, proxies: str) -> AsyncIterator[str]:
    app = FastAPI()

    @app.get("/")
    async def who(request: Request) -> str:
        return request.client.host if request.client else ""

    settings = replace(Settings.load(folder, {}).web(), port=_free(), trusted_proxies=(ip_network(proxies),) if proxies else ())
    stop, listening = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve_app(app, settings, stop, listening))
    try:
        await asyncio.wait_for(listening.wait(), 10)
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{settings.port}/", headers={"X-Forwarded-For": "203.0.113.9"})
        yield answer.json()
    finally:
        stop.set()
        await serving


@pytest.mark.req("A5")
async def test_a_stranger_cant_choose_the_address_it_is_counted_under(tmp_path: Path) -> None:
    async with _seen_by(tmp_path, "") as seen:
        assert seen == "127.0.0.1"
    async with _seen_by(tmp_path, "10.0.0.0/8") as seen:
        assert seen == "127.0.0.1"


@pytest.mark.req("A5")
async def test_a_trusted_proxy_names_the_caller(tmp_path: Path) -> None:
    async with _seen_by(tmp_path, "127.0.0.0/8") as seen:
        assert seen == "203.0.113.9"


async def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        settings = replace(Settings.load(tmp_path, {}).web(), port=holder.getsockname()[1])
        with pytest.raises(ListenFailed, match="can't be listened on"):
            await serve_app(FastAPI(), settings, asyncio.Event())
