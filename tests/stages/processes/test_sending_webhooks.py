"""Webhooks get the same: signed with the key that was shown once, tried again with the same id, to addresses that a webhook can have."""

import json

import pytest

from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId
from presswarden.outside.hooks import signature
from presswarden.reports.notices import service as notices
from presswarden.reports.notices.model import WebhookRefused
from tests.fakes.clock import FrozenClock
from tests.stages.approvals.office import Office, opened
from tests.stages.outside.servers import http, server
from tests.stages.processes.news import URL, listening

pytestmark = pytest.mark.req("N19")


@pytest.fixture
async def office(database: Database, frozen: FrozenClock, org: OrgId) -> Office:
    return await opened(database, frozen, org)


async def test_a_webhook_is_signed_with_the_key_that_was_shown_once_and_is_tried_again(office: Office) -> None:
    seen: list[tuple[dict[str, str], bytes]] = []

    async def serve(head: bytes, body: bytes, writer: object) -> None:
        lines = [line.split(": ", 1) for line in head.decode().split("\r\n")[1:] if ": " in line]
        seen.append(({name.lower(): value for name, value in lines}, body))
        writer.write(http(200 if len(seen) > 1 else 500, b""))  # type: ignore[attr-defined]

    async with server(serve) as port:
        news = await listening(office, None)
        hook, key = await news.webhook(port)
        await news.round()
        seen.clear()
        await news.stop()
        assert await news.round() == 0
        async with office.database.reading(office.org) as tx:
            assert "500" in (await notices.webhooks(tx))[0].last_says
        office.clock.advance(minutes=1)
        assert await news.round() == 1
        (first, body), (second, again) = seen
        assert first["webhook-id"] == second["webhook-id"]
        assert body == again
        assert second["webhook-signature"] == signature(key, second["webhook-id"], office.clock.now(), body)
        told = json.loads(body)
        assert told["type"] == "presswarden.stop"
        assert told["data"] == {
            "says": "The organisation was stopped.",
            "url": f"{URL}/stop",
            "site": "",
            "subject": f"organisation:{office.org}",
        }
        async with office.database.transaction(office.org) as tx:
            await notices.remove_webhook(tx, hook, by=office.olga, now=office.clock.now())
        await news.resume()
        await news.round()
        assert len(seen) == 2


NO_WEBHOOKS = ["ftp://x.example/", "https://", "https://a:b@x.example/", "https://x.example/#a", "https://x.example/ a", "x" * 600]


@pytest.mark.parametrize("url", [*NO_WEBHOOKS, "https://x.example:99999/"])
async def test_an_address_that_no_webhook_has_is_refused(office: Office, url: str) -> None:
    async with office.database.transaction(office.org) as tx:
        with pytest.raises(WebhookRefused):
            await notices.add_webhook(tx, url, by=office.olga, now=office.clock.now())
