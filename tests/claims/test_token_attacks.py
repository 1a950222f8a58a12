"""Claim: a token of the API does what its person may and its scopes name, until its end, and never says a yes.

The real API in this process. Limits: what a token may read of whom is tried in `tests/console/test_api`; that no route consents, in `test_approval_attacks`.
"""

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from presswarden.identity import service as identity
from presswarden.identity.accounts import service as accounts
from presswarden.identity.model import Grant, Role
from presswarden.identity.tokens import service as tokens
from presswarden.identity.tokens.model import Scope, TokenRefused, TokenUnknown
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, PersonId, new_id
from presswarden.processes.web import build_app
from presswarden.proposals import service as proposals
from presswarden.surfaces.api.place import PER_TOKEN
from presswarden.surfaces.api.routes import api
from tests.claims.attacks import Attack
from tests.console.programs import Api, code_of, over
from tests.console.rig import KEK, URL
from tests.fakes.clock import FrozenClock
from tests.stages.approvals.office import opened
from tests.support.signing_in import COOKIE, sign_in

pytestmark = pytest.mark.req("X10", "S2")


@pytest.fixture
async def here(sqlite_template: Path, tmp_path: Path, frozen: FrozenClock, org: OrgId) -> AsyncIterator[Api]:
    shutil.copyfile(sqlite_template, tmp_path / "presswarden.sqlite")
    database = Database(f"sqlite:///{tmp_path / 'presswarden.sqlite'}")
    yield await over(await opened(database, frozen, org))
    await database.dispose()


@pytest.fixture
async def on_both(database: Database, frozen: FrozenClock, org: OrgId) -> Api:
    return await over(await opened(database, frozen, org))


async def _refused(here: Api, attack: Attack, name: str, token: str) -> None:
    for given in (await here.get(token, "/sites"), await here.post(token, "/proposals/updates", here.update)):
        told = code_of(given) if given.status_code >= 400 else given.status_code
        attack.repelled(name, told == (401, "api.unauthenticated"), told)


async def test_a_token_ends_with_its_time_its_owner_and_its_word(on_both: Api, attack: Attack) -> None:
    """Each was good, and known to the process, the moment before: nothing that is remembered lets it in."""
    here, office = on_both, on_both.office
    late = await here.token(office.olga, days=1)
    assert (await here.get(late, "/sites")).status_code == 200
    office.clock.advance(days=1)
    await _refused(here, attack, "expired", late)

    anna = await office.person("Anna", Role.OPERATOR)
    revoked, other = await here.token(anna), await here.token(anna)
    assert (await here.get(revoked, "/sites")).status_code == 200
    async with office.database.transaction(office.org) as tx:
        (first, *_) = [one for one in await tokens.tokens_of(tx, anna) if one.used_at is not None]
        await tokens.revoke(tx, first.id, by=anna, now=office.clock.now())
    await _refused(here, attack, "revoked", revoked)
    assert (await here.get(other, "/sites")).status_code == 200
    async with office.database.transaction(office.org) as tx:
        await accounts.remove_person(tx, anna, by=office.olga, now=office.clock.now())
    await _refused(here, attack, "of somebody who was removed", other)

    bea = await office.person("Bea", Role.OPERATOR)
    back = await here.token(bea)
    assert (await here.get(back, "/sites")).status_code == 200
    async with office.database.transaction(office.org) as tx:
        await accounts.start_over(tx, bea, now=office.clock.now())
    await _refused(here, attack, "of somebody who starts over", back)


async def test_a_role_that_went_is_gone_for_the_token_too(here: Api, attack: Attack) -> None:
    office = here.office
    anna = await office.person("Anna", Role.OPERATOR)
    token = await here.token(anna)
    async with office.database.transaction(office.org) as tx:
        await identity.grant_role(tx, anna, Grant(Role.VIEWER), by=office.olga, now=office.clock.now())
        await identity.withdraw_role(tx, anna, Grant(Role.OPERATOR), by=office.olga, now=office.clock.now())
    given = await here.post(token, "/proposals/updates", here.update)
    attack.repelled("demoted", code_of(given) == (403, "identity.forbidden"), given.text)


def _bent(token: str) -> list[str]:
    return [
        "", "pwt_", token[:-1], token + "A", token[:-1] + ("A" if token[-1] != "A" else "B"), token.removeprefix("pwt_"), token.upper(), f" {token}x",
        "pwt_" + "A" * 43, token.replace("pwt_", "PWT_"), "pwt_' OR 1=1 --" + "A" * 32, "é" * 47,
    ]  # fmt: skip


async def test_what_is_no_token_is_nobody_wherever_it_stands(here: Api, attack: Attack) -> None:
    token = await here.token(here.office.olga)
    for bent in _bent(token):
        given = await here.client.get("/sites", headers={b"Authorization": f"Bearer {bent}".encode()})
        attack.repelled(repr(bent), code_of(given) == (401, "api.unauthenticated"), given.status_code)
    for name, more in (
        ("basic", {"headers": {"Authorization": "Basic " + base64.b64encode(f"{token}:".encode()).decode()}}),
        ("a cookie", {"headers": {"Cookie": f"__Host-presswarden={token}; token={token}"}}),
        ("a header of another name", {"headers": {"X-API-Key": token, "X-Forwarded-Authorization": f"Bearer {token}"}}),
        ("the address", {"params": {"access_token": token, "token": token}}),
    ):
        refused: httpx.Response = await here.client.get("/sites", **more)  # type: ignore[arg-type]  # of each kind
        attack.repelled(name, code_of(refused) == (401, "api.unauthenticated"), refused.status_code)


async def test_a_session_is_no_token_and_a_token_no_session(here: Api, attack: Attack) -> None:
    office = here.office
    key, session = await sign_in(office.database, office.org, office.olga, office.clock.now())
    token = await here.token(office.olga)
    app = build_app(office.database, office.clock, KEK, here.wake, URL)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app, client=("192.0.2.7", 40000)), base_url=URL)
    for name, headers in (
        ("a session's cookie", {"Cookie": f"{COOKIE}={key.text}"}),
        ("a session as a token", {"Authorization": f"Bearer {key.text}"}),
        ("the token of its forms", {"Authorization": f"Bearer {session.token}"}),
    ):
        given = await client.get("/api/v1/sites", headers=headers)
        attack.repelled(name, given.status_code == 401, given.status_code)
    for headers in (
        {"Authorization": f"Bearer {token}"},
        {"Cookie": f"{COOKIE}={token}"},
        {"Cookie": f"{COOKIE}={office.org}.{token[4:]}"},
    ):
        given = await client.get("/sites", headers=headers)
        attack.repelled(f"a token at the console {list(headers)}", given.status_code == 303, given.status_code)
    assert (await client.get("/sites", headers={"Cookie": f"{COOKIE}={key.text}"})).status_code == 200


async def test_a_key_tells_nobody_else_what_was_answered_to_it(here: Api, attack: Attack) -> None:
    """One key, other people, another organisation, another request: each is its own."""
    office, key = here.office, "a-key-that-everybody-uses"
    elsewhere = await opened(office.database, office.clock, OrgId(new_id()))
    await office.heard(here.site)
    first = await here.token(office.olga)
    filed = await here.post(first, "/proposals/updates", here.update, key)
    assert filed.status_code == 201
    vera = await here.token(await office.person("Vera", Role.VIEWER))
    given = await here.post(vera, "/proposals/updates", here.update, key)
    attack.repelled("a person who may not", code_of(given) == (403, "identity.forbidden"), given.text)
    reading = await here.token(office.olga, Scope.READ)
    given = await here.post(reading, "/proposals/updates", here.update, key)
    attack.repelled("the same person's token without the scope", code_of(given) == (403, "api.scope"), given.text)
    given = await here.post(await here.token(elsewhere.olga, office=elsewhere), "/proposals/updates", here.update, key)
    attack.repelled("another organisation", code_of(given) == (404, "not_found"), given.text)
    for path, body in (("/stops", {"scope": "organisation", "reason": "x"}), (f"/sites/{here.site.site}/pause", {"reason": "x"})):
        given = await here.post(first, path, body, key)
        attack.repelled(f"another request: {path}", code_of(given) == (422, "api.key_reused"), given.text)
    again = await here.post(await here.token(office.olga), "/proposals/updates", here.update, key)
    assert (again.json(), again.headers["idempotent-replayed"]) == (filed.json(), "true"), "the same person's newer token repeats it"


async def test_one_key_many_times_at_once_files_once(on_both: Api, attack: Attack) -> None:
    token = await on_both.token(on_both.office.olga)
    given = await asyncio.gather(*(on_both.post(token, "/proposals/updates", on_both.update, "the-same-key") for _ in range(8)))
    attack.repelled("eight at once", {each.status_code for each in given} == {201} and len({each.text for each in given}) == 1, given)
    async with on_both.office.database.reading(on_both.office.org) as tx:
        assert len(await proposals.listed(tx, limit=10)) == 1


def _cursors(good: str) -> list[str]:
    parts = json.loads(base64.urlsafe_b64decode(good + "=" * (-len(good) % 4)))

    def made(*values: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")

    of, at, last = parts
    return [
        made("audit", at, last), made(of, "x", last), made(of, None, last), made(of, 10**40, last), made(of, -(10**40), last), made(of, 1.5, last),
        made(of, True, last), made(of, at, "' OR 1=1"), made(of, at, None), made(of, [at], last), made(of, at), made(of, at, last, last), made(of, {}, last),
        good[::-1], good + "!", "A" * 300, "%00", "//////", base64.urlsafe_b64encode(b"[" * 200).decode(), base64.urlsafe_b64encode(b"NaN").decode(),
    ]  # fmt: skip


async def test_a_cursor_that_was_bent_opens_nothing(here: Api, attack: Attack) -> None:
    office = here.office
    token = await here.token(office.olga)
    for label in ("a", "b", "c"):
        await office.submit(office.item(await office.site(label)))
    good = (await here.get(token, "/proposals", limit=1)).json()["next"]
    for bent in _cursors(good):
        given = await here.get(token, "/proposals", limit=1, cursor=bent)
        attack.repelled(bent, given.status_code == 422, (given.status_code, given.text))
    elsewhere = await opened(office.database, office.clock, OrgId(new_id()))
    strange = await here.get(await here.token(elsewhere.olga, office=elsewhere), "/proposals", cursor=good)
    attack.repelled("another organisation's", strange.json() == {"items": [], "next": None}, strange.text)


async def test_who_guesses_tokens_is_slowed_and_slows_nobody_who_has_one(here: Api, attack: Attack) -> None:
    office = here.office
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(
            api(office.database, office.clock, here.wake, everyone=EVERYONE, rate=PER_TOKEN), client=("198.51.100.9", 40000)
        ),
        base_url="http://localhost:8700",
    )
    good = {"Authorization": f"Bearer {await here.token(office.olga)}"}
    assert (await client.get("/sites", headers=good)).status_code == 200
    guesses = [(await client.get("/sites", headers={"Authorization": f"Bearer pwt_{number:043}"})).status_code for number in range(320)]
    attack.repelled("guesses", guesses.count(401) <= 300 and guesses[-1] == 429, guesses.count(401))
    assert (await client.get("/sites", headers=good)).status_code == 200, "from the same address, with a token that was seen"


async def test_a_token_is_made_for_oneself_with_a_scope_and_an_end(here: Api, attack: Attack) -> None:
    office, now = here.office, here.office.clock.now()
    for name, scopes, days in (
        ("", [Scope.READ], 1),
        ("x", [], 1),
        ("x", [Scope.READ], 0),
        ("x", [Scope.READ], 400),
        ("x\nX-Header: y", [Scope.READ], 1),
    ):
        with pytest.raises(TokenRefused):
            async with office.database.transaction(office.org) as tx:
                await tokens.make(tx, office.olga, name=name, scopes=scopes, until=now + timedelta(days=days), now=now)
        attack.repelled(f"{name!r} {scopes} {days}", True)
    await here.token(office.olga)
    anna: PersonId = await office.person("Anna")
    async with office.database.transaction(office.org) as tx:
        (one,) = await tokens.tokens_of(tx, office.olga)
        with pytest.raises(TokenUnknown):
            await tokens.revoke(tx, one.id, by=anna, now=now)
    attack.repelled("somebody else's is revoked", True)
