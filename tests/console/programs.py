"""The API over an office, and callers with tokens of its people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from presswarden.identity.tokens import service as tokens
from presswarden.identity.tokens.model import Scope
from presswarden.kernel.ids import EVERYONE, PersonId, new_id
from presswarden.surfaces.api.routes import api
from presswarden.surfaces.limits import Rate
from tests.console.rig import CountedWake
from tests.stages.approvals.office import SHOP_PLUGIN, Office, Paired

BOTH = (Scope.READ, Scope.PROPOSE)


@dataclass
class Api:
    office: Office
    site: Paired
    client: httpx.AsyncClient
    wake: CountedWake

    async def token(self, person: PersonId, *scopes: Scope, days: int = 30, office: Office | None = None) -> str:
        of = office or self.office
        now = of.clock.now()
        async with of.database.transaction(of.org) as tx:
            text, _ = await tokens.make(tx, person, name="script", scopes=scopes or BOTH, until=now + timedelta(days=days), now=now)
        return text

    async def get(self, token: str, path: str, **params: Any) -> httpx.Response:
        return await self.client.get(path, params=params or None, headers={"Authorization": f"Bearer {token}"})

    async def post(self, token: str, path: str, body: Mapping[str, Any], key: str = "", **headers: str) -> httpx.Response:
        sent = {"Authorization": f"Bearer {token}", "Idempotency-Key": key or new_id(), **headers}
        return await self.client.post(path, json=body, headers=sent)

    @property
    def update(self) -> dict[str, str]:
        return {"site": self.site.site, "component": SHOP_PLUGIN}


async def over(office: Office) -> Api:
    wake = CountedWake()
    app = api(office.database, office.clock, wake, everyone=EVERYONE, rate=Rate(per_minute=600, burst=500))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app, client=("192.0.2.7", 40000)), base_url="http://localhost:8700")
    return Api(office, await office.site(), client, wake)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["instance"].startswith("urn:uuid:")
    return answer.status_code, told["code"]
