"""Snapshots as sites told of them, and the wish to put one back or delete it, which is a proposal and nothing more."""

import pytest

from presswarden.actions.model import Risk
from presswarden.identity.model import Role
from presswarden.kernel.canonical import Json
from presswarden.kernel.ids import new_id
from presswarden.mailbox import service as mailbox
from presswarden.mailbox import wishes
from presswarden.mailbox.model import Outcome, RequestState
from presswarden.proposals import service as proposals
from presswarden.proposals.snapshots import LIST
from tests.console.rig import House, open_house, text_of
from tests.support.shop import AKISMET, Shop, add_shop, offered

pytestmark = pytest.mark.req("X10")

MAY = {Role.OWNER, Role.ADMIN, Role.OPERATOR}


async def keeping(house: House, label: str = "shop", *, database: bool = True) -> tuple[Shop, str]:
    """A site that told of one snapshot."""
    shop, snapshot = await add_shop(house.database, house.org, house.owner.id, house.clock.now(), label=label), new_id()
    await shop.report(offered(), house.clock.now())
    kept: dict[str, Json] = {
        "id": snapshot, "component": AKISMET, "version": "5.7.2", "created": int(house.clock.now().timestamp()), "state": "verified",
        "database": database, "bytes": 3 * 1_048_576, "point_in_time": True,
    }  # fmt: skip
    async with house.transaction() as tx:
        asked = await wishes.read(tx, shop.site, LIST, by=house.owner.id, now=house.clock.now())
        await mailbox.settle(
            tx, asked, Outcome(RequestState.DONE, result={"snapshots": [kept, "noise"]}), by=asked.by, now=house.clock.now()
        )
    return shop, snapshot


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_sees_snapshots_and_some_propose(lone: House, role: Role) -> None:
    shop, snapshot = await keeping(lone)
    browser = await lone.as_role(role)
    fleet, of_site = await browser.get("/snapshots"), await browser.get(f"/sites/{shop.site}/snapshots")
    for page in (fleet, of_site):
        assert page.status_code == 200
        assert "Verified" in text_of(page)
        assert "3.0 MB" in text_of(page)
    one = await browser.get(f"/sites/{shop.site}/snapshots/{snapshot}")
    assert ('aria-label="Propose it: put the files back"' in one.text) is (role in MAY)
    assert "Posts, orders and settings written since the snapshot are lost" in text_of(one)
    asked = await browser.post(f"/sites/{shop.site}/snapshots/{snapshot}", {"act": "files"})
    assert asked.status_code == (303 if role in MAY else 403)


@pytest.mark.parametrize(
    ("act", "tool", "risk"),
    [
        ("files", "wp.snapshot.restore", Risk.HIGH),
        ("database", "wp.snapshot.restore", Risk.CRITICAL),
        ("delete", "wp.snapshot.delete", Risk.HIGH),
    ],
)
async def test_what_is_wanted_of_a_snapshot_is_a_proposal_of_its_risk(house: House, act: str, tool: str, risk: Risk) -> None:
    shop, snapshot = await keeping(house)
    answer = await (await house.as_role(Role.OPERATOR)).post(f"/sites/{shop.site}/snapshots/{snapshot}", {"act": act})
    async with house.database.reading(house.org) as tx:
        (filed,) = await proposals.listed(tx)
        sent = [each.tool for each in await mailbox.requests(tx, shop.site)]
    assert answer.headers["location"] == f"/proposals/{filed.id}"
    assert (filed.items[0].tool, filed.risk) == (tool, risk)
    assert filed.items[0].args["snapshot"] == snapshot
    assert sent == [LIST]


async def test_a_snapshot_without_tables_offers_no_restore_of_the_database(lone: House) -> None:
    shop, snapshot = await keeping(lone, database=False)
    page = text_of(await (await lone.as_role(Role.OWNER)).get(f"/sites/{shop.site}/snapshots/{snapshot}"))
    assert "Put the database back" not in page
    assert "Put the files back" in page


async def test_a_snapshot_nobody_told_of_and_one_of_others_are_absent(house: House) -> None:
    shop, snapshot = await keeping(house)
    owner = await house.as_role(Role.OWNER)
    assert (await owner.get(f"/sites/{shop.site}/snapshots/{new_id()}")).status_code == 404
    assert (await owner.post(f"/sites/{shop.site}/snapshots/{new_id()}", {"act": "files"})).status_code == 404
    other = await (await open_house(house.database, house.clock, name="Southwind", app=house.app)).as_role(Role.OWNER)
    assert (await other.get(f"/sites/{shop.site}/snapshots/{snapshot}")).status_code == 404
    assert "Akismet" not in text_of(await other.get("/snapshots"))
    mine, _ = await keeping(house, "mine")
    page = text_of(await (await house.scoped(Role.VIEWER, mine.site)).get("/snapshots"))
    assert "mine" in page
    assert "shop" not in page


async def test_something_else_than_the_three_is_refused(lone: House) -> None:
    shop, snapshot = await keeping(lone)
    answer = await (await lone.as_role(Role.OWNER)).post(f"/sites/{shop.site}/snapshots/{snapshot}", {"act": "everything"})
    assert answer.status_code == 400


async def test_asking_reads_each_site_once_in_a_while_and_the_page_says_that_it_waits(house: House) -> None:
    told, _ = await keeping(house)
    quiet = await add_shop(house.database, house.org, house.owner.id, house.clock.now(), label="quiet")
    browser = await house.as_role(Role.OPERATOR)
    for _ in range(2):
        assert (await browser.post("/snapshots/ask")).status_code == 303
    async with house.database.reading(house.org) as tx:
        counts = [len(await mailbox.requests(tx, shop.site)) for shop in (told, quiet)]
    assert counts[0] == 1
    assert counts[1] >= 1
    assert "Asking the site" in text_of(await browser.part(f"/sites/{quiet.site}/snapshots"))
    assert "Sites not asked 1" in text_of(await browser.get("/snapshots"))


async def test_a_refusal_of_the_site_is_shown_with_its_words(lone: House) -> None:
    shop = await add_shop(lone.database, lone.org, lone.owner.id, lone.clock.now())
    async with lone.transaction() as tx:
        asked = await wishes.read(tx, shop.site, LIST, by=lone.owner.id, now=lone.clock.now())
        outcome = Outcome(RequestState.REFUSED, "call.paused", "The site is <u>paused</u>.", "Resume it.")
        await mailbox.settle(tx, asked, outcome, by=asked.by, now=lone.clock.now())
    page = await (await lone.as_role(Role.OPERATOR)).get(f"/sites/{shop.site}/snapshots")
    assert "Refused The site is <u>paused</u>. Resume it." in text_of(page)
    assert "<u>" not in page.text
