"""The HTTP API: what each role and scope sees and files, that the rest is absent, and that what is sent twice is done once."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from presswarden.gate import service as gate
from presswarden.gate.model import StopScope
from presswarden.identity.model import Role
from presswarden.identity.tokens.model import Scope
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, CorrelationId, OrgId, new_id
from presswarden.mailbox import service as mailbox
from presswarden.reports.answers import service as answers
from presswarden.surfaces.api.routes import PREFIX
from tests.console.programs import Api, code_of, over
from tests.fakes.clock import FrozenClock
from tests.stages.approvals.office import SHOP_PLUGIN, opened

BOTH = (Scope.READ, Scope.PROPOSE)
READS = ("/sites", "/proposals", "/changes", "/incidents", "/policies", "/audit", "/stops")


@pytest.fixture
async def here(database: Database, frozen: FrozenClock, org: OrgId) -> Api:
    return await over(await opened(database, frozen, org))


async def test_without_a_token_or_with_a_strange_one_nothing_is_told(here: Api) -> None:
    for headers in ({}, {"Authorization": "Bearer pwt_" + "x" * 43}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer "}):
        for path in READS:
            answer = await here.client.get(path, headers=headers)
            assert code_of(answer) == (401, "api.unauthenticated")
            assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", READS)
async def test_an_owner_reads_every_list(here: Api, path: str) -> None:
    answer = await here.get(await here.token(here.office.olga), path)
    assert answer.status_code == 200
    assert isinstance(answer.json()["items"], list)


async def test_a_site_is_told_with_its_facts_components_and_snapshots(here: Api) -> None:
    token = await here.token(here.office.olga)
    at = f"/sites/{here.site.site}"
    whole = (await here.get(token, at)).json()
    assert (whole["label"], whole["state"], whole["ready"], whole["stopped_at_the_site"]) == ("shop", "paired", True, False)
    assert "php.version" in {one["name"] for one in (await here.get(token, f"{at}/facts")).json()}
    tiny = next(one for one in (await here.get(token, f"{at}/components")).json() if one["key"] == SHOP_PLUGIN)
    assert (tiny["version"], tiny["offered"]) == ("1.0.0", "1.0.1")
    assert (await here.get(token, f"{at}/snapshots")).json() == {"as_of": None, "items": []}


async def test_a_filed_update_waits_for_people_and_is_filed_once_for_one_key(here: Api) -> None:
    token, key = await here.token(here.office.olga), new_id()
    filed = await here.post(token, "/proposals/updates", here.update, key)
    assert filed.status_code == 201
    assert filed.json()["state"] == "waiting"
    again = await here.post(token, "/proposals/updates", here.update, key)
    assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (201, filed.content, "true")
    other = await here.post(token, "/proposals/updates", {**here.update, "component": "core"}, key)
    assert code_of(other) == (422, "api.key_reused")
    assert code_of(await here.post(token, "/proposals/updates", here.update)) == (409, "update.stands")
    (only,) = (await here.get(token, "/proposals")).json()["items"]
    whole = (await here.get(token, f"/proposals/{only['id']}")).json()
    assert (whole["by"], whole["answers"], whole["items"][0]["component"]) == (here.office.olga, 0, SHOP_PLUGIN)
    assert mailbox.DISPATCH in here.wake.rung


async def test_updates_of_many_sites_are_filed_one_by_one_and_once_for_one_key(here: Api) -> None:
    token, key = await here.token(here.office.olga), new_id()
    body = {"sites": [here.site.site], "component": SHOP_PLUGIN}
    filed = await here.post(token, "/proposals/updates/many", body, key)
    assert filed.status_code == 200
    (one,) = filed.json()["items"]
    assert (one["outcome"], one["code"], one["component"]) == ("made", "", SHOP_PLUGIN)
    again = await here.post(token, "/proposals/updates/many", body, key)
    assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (200, filed.content, "true")
    assert code_of(await here.post(token, "/proposals/updates/many", {**body, "component": "core"}, key)) == (422, "api.key_reused")
    (stands,) = (await here.post(token, "/proposals/updates/many", body)).json()["items"]
    assert (stands["outcome"], stands["code"], stands["proposal"]) == ("waits", "update.stands", one["proposal"])
    (only,) = (await here.get(token, "/proposals")).json()["items"]
    assert (only["id"], only["state"]) == (one["proposal"], "waiting")
    assert (await here.post(token, "/proposals/updates/many", {**body, "component": "plugin:no/no.php"})).json() == {"items": []}
    viewer = await here.token(await here.office.person("Vera", Role.VIEWER))
    assert code_of(await here.post(viewer, "/proposals/updates/many", body)) == (403, "identity.forbidden")
    strange = {"sites": [here.site.site, new_id()]}
    assert code_of(await here.post(token, "/proposals/updates/many", strange)) == (404, "not_found")


async def test_a_key_holds_for_a_day_and_for_its_own_person(here: Api) -> None:
    key, anna = new_id(), await here.office.person("Anna", Role.OPERATOR)
    body = {"scope": "agent", "subject": "analyst", "reason": "x"}
    token, hers = await here.token(here.office.olga, days=300), await here.token(anna)
    assert (await here.post(token, "/stops", body, key)).status_code == 201
    assert "idempotent-replayed" not in (await here.post(hers, "/stops", body, key)).headers
    here.office.clock.advance(hours=25)
    assert "idempotent-replayed" not in (await here.post(token, "/stops", {**body, "reason": "y"}, key)).headers
    async with here.office.database.transaction(EVERYONE) as tx:
        await answers.expire(EVERYONE, tx, here.office.clock.now() + timedelta(days=2))


async def test_what_failed_leaves_its_key_free(here: Api) -> None:
    token, key = await here.token(here.office.olga), new_id()
    absent = await here.post(token, "/proposals/updates", {**here.update, "component": "plugin:no/no.php"}, key)
    assert code_of(absent) == (409, "update.unknown")
    assert (await here.post(token, "/proposals/updates", here.update, key)).status_code == 201


async def test_a_stop_is_thrown_and_then_refuses_what_is_filed(here: Api) -> None:
    token = await here.token(here.office.olga)
    thrown = await here.post(token, "/stops", {"scope": "site", "subject": here.site.site, "reason": "breach"})
    assert thrown.status_code == 201
    refused = await here.post(token, "/proposals/updates", here.update)
    assert code_of(refused) == (409, "gate.stopped")
    assert "breach" in refused.json()["detail"]
    assert [one["scope"] for one in (await here.get(token, "/stops")).json()["items"]] == ["site"]
    assert code_of(await here.post(token, "/stops", {"scope": "everything", "subject": "", "reason": "x"})) == (422, "request.body")


async def test_a_pause_is_asked_for_with_the_call_that_carries_it(here: Api) -> None:
    token = await here.token(here.office.olga)
    asked = await here.post(token, f"/sites/{here.site.site}/pause", {"reason": "look at it"})
    assert asked.status_code == 202
    assert (await here.get(token, f"/sites/{here.site.site}")).json()["paused"] is True
    async with here.office.database.reading(here.office.org) as tx:
        assert [one.tool for one in await mailbox.requests(tx, here.site.site)] == ["control.pause"]


async def test_a_token_does_no_more_than_its_scope(here: Api) -> None:
    reading, proposing = await here.token(here.office.olga, Scope.READ), await here.token(here.office.olga, Scope.PROPOSE)
    assert code_of(await here.post(reading, "/proposals/updates", here.update)) == (403, "api.scope")
    assert code_of(await here.get(proposing, "/sites")) == (403, "api.scope")


@pytest.mark.req("X10")
async def test_a_scope_gives_nothing_that_the_role_does_not(here: Api) -> None:
    viewer = await here.token(await here.office.person("Vera", Role.VIEWER))
    for path in ("/policies", "/audit"):
        assert code_of(await here.get(viewer, path)) == (403, "identity.forbidden")
    assert code_of(await here.post(viewer, "/proposals/updates", here.update)) == (403, "identity.forbidden")
    assert code_of(await here.post(viewer, "/stops", {"scope": "organisation", "reason": "x"})) == (403, "identity.forbidden")
    assert code_of(await here.post(viewer, f"/sites/{here.site.site}/pause", {"reason": "x"})) == (403, "identity.forbidden")
    operator, auditor = (
        await here.token(await here.office.person("Otto", Role.OPERATOR)),
        await here.token(await here.office.person("Alma", Role.AUDITOR)),
    )
    for token, shown in ((operator, False), (auditor, True)):
        entry = (await here.get(token, "/audit", limit=1)).json()["items"][0]
        assert (entry["payload"] is not None) is shown
        assert ((await here.get(token, f"/audit/{entry['id']}")).json()["payload"] is not None) is shown


async def test_what_is_another_organisations_or_out_of_sight_is_answered_as_what_does_not_exist(here: Api) -> None:
    elsewhere = await opened(here.office.database, here.office.clock, OrgId(new_id()))
    there = await elsewhere.site("there")
    filed, _ = await elsewhere.submit(elsewhere.item(there))
    async with elsewhere.database.transaction(elsewhere.org) as tx:
        incident = await incidents.raise_signal(tx, SignalKind.CLONE, there.site, {}, elsewhere.clock.now())
        (entry, *_) = [one.id for one in await _entries(tx)]
    second = await here.office.site("second")
    own, _ = await here.office.submit(here.office.item(second))
    owner = await here.token(here.office.olga)
    scoped = await here.token(await here.office.person("Otto", Role.OPERATOR, site=here.site.site))
    for token, paths in (
        (owner, [f"/sites/{there.site}", f"/sites/{there.site}/facts", f"/sites/{there.site}/components", f"/sites/{there.site}/snapshots",
                 f"/proposals/{filed.id}", f"/incidents/{incident}", f"/audit/{entry}"]),
        (scoped, [f"/sites/{second.site}", f"/sites/{second.site}/facts", f"/proposals/{own.id}"]),
    ):  # fmt: skip
        for path in paths:
            absent = f"{path.split('/')[1]}/{new_id()}" + (f"/{path.split('/')[3]}" if path.count("/") > 2 else "")
            assert _without_instance(await here.get(token, path)) == _without_instance(await here.get(token, f"/{absent}"))
            assert (await here.get(token, path)).status_code == 404
        for site in (there.site, new_id(), "nonsense" * 4 + "abcd"):
            body = {"site": site, "component": SHOP_PLUGIN}
            assert code_of(await here.post(token, "/proposals/updates", body)) == (404, "not_found")
            assert code_of(await here.post(token, f"/sites/{site}/pause", {"reason": "x"})) == (404, "not_found")
            assert code_of(await here.post(token, "/stops", {"scope": "site", "subject": site, "reason": "x"})) == (404, "not_found")
    assert [one["id"] for one in (await here.get(scoped, "/sites")).json()["items"]] == [here.site.site]
    assert (await here.get(scoped, "/proposals")).json() == {"items": [], "next": None}


async def test_lists_go_on_where_the_page_before_ended(here: Api) -> None:
    token = await here.token(here.office.olga)
    for number in range(4):
        site = await here.office.site(f"site{number}")
        await here.office.submit(here.office.item(site))
        here.office.clock.advance(seconds=1)
        async with here.office.database.transaction(here.office.org) as tx:
            await incidents.raise_signal(tx, SignalKind.CLONE, site.site, {}, here.office.clock.now())
    for path, whole in (("/sites", 5), ("/proposals", 4), ("/incidents", 4), ("/audit", 0)):
        wanted = [one["id"] for one in (await here.get(token, path, limit=200)).json()["items"]]
        assert len(wanted) == (whole or len(wanted))
        seen, cursor = [], ""
        for _ in range(len(wanted) + 2):
            page = (await here.get(token, path, limit=2, **({"cursor": cursor} if cursor else {}))).json()
            seen += [one["id"] for one in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert seen == wanted
    other = (await here.get(token, "/sites", limit=2)).json()["next"]
    for strange in (other, "x", "W10", "e30", "a" * 299):
        assert code_of(await here.get(token, "/proposals", cursor=strange)) == (422, "api.cursor")


async def test_the_document_is_open_and_names_no_consent(here: Api) -> None:
    document = (await here.client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": PREFIX}]
    posts = {path for path, methods in document["paths"].items() if "post" in methods}
    assert posts == {"/proposals/updates", "/proposals/updates/many", "/stops", "/sites/{site}/pause"}
    for methods in document["paths"].values():
        for told in methods.values():
            assert told["security"] == [{"HTTPBearer": []}]
            assert "application/problem+json" in told["responses"]["404"]["content"]
    assert code_of(await here.client.get("/docs")) == (404, "not_found")
    assert code_of(await here.client.delete("/stops"))[0] == 405


async def test_what_stops_the_whole_installation_is_shown_to_every_organisation(here: Api) -> None:
    async with here.office.database.transaction(here.office.org) as tx:
        await gate.stop(
            tx, here.office.olga, "x", scope=StopScope.EVERYTHING, correlation=CorrelationId(new_id()), now=here.office.clock.now()
        )
    elsewhere = await opened(here.office.database, here.office.clock, OrgId(new_id()))
    token = await here.token(elsewhere.olga, office=elsewhere)
    assert [one["scope"] for one in (await here.get(token, "/stops")).json()["items"]] == ["everything"]


async def _entries(tx: Any) -> Any:
    from presswarden.audit import service as audit

    return await audit.events(tx, limit=1)


def _without_instance(answer: httpx.Response) -> tuple[int, dict[str, Any]]:
    told = answer.json()
    told.pop("instance")
    return answer.status_code, told
