"""What changed? Which site, from what to what, who asked, who agreed, when it ran and whether it worked: one line for each change."""

import re

import pytest

from presswarden.identity import service as identity
from presswarden.identity.model import Grant, Role
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.ids import new_id
from presswarden.rollouts.model import Result
from tests.support.office import Office
from tests.support.shop import AKISMET, Shop

pytestmark = pytest.mark.req("S3", "X12")


@pytest.fixture
def changed(office: Office) -> Office:
    office.join("anna", Role.APPROVER)
    office.run("proposal", "adopt", office.proposal)
    with office.working(Result.ROLLED_BACK, code="health.fatal", says="A fatal \x1b[31merror\u202e on the home page."):
        assert office.sit("proposal", "approve", office.proposal, who="anna").code == 0
        for _ in range(100):
            if office.ask("site", "changes", "shop")[0]["result"]:
                break
    return office


def test_a_change_tells_its_whole_story(changed: Office) -> None:
    (plain,) = changed.ask("site", "changes", "shop")
    assert (plain["component"], plain["was"], plain["version"], plain["result"]) == (AKISMET, "5.7.2", "5.7.3", "rolled_back")
    assert (plain["asked_by"], plain["agreed"], plain["proposal"]) == ("Olga", "anna", changed.proposal)
    assert plain["ended_at"] >= plain["began_at"] > 0
    line = changed.run("site", "changes", "shop").output.splitlines()[1]
    assert re.search(r"UTC +shop +plugin:akismet/akismet\.php +5\.7\.2 +5\.7\.3 +rolled_back +Olga +anna", line)
    (same,) = changed.ask("change", "list")
    assert same["id"] == plain["id"]


def test_one_change_is_shown_with_what_was_read_back_and_nothing_obeys_its_words(changed: Office) -> None:
    (plain,) = changed.ask("site", "changes", "shop")
    text = changed.run("change", "show", plain["id"]).output
    assert "taken back: the old version was seen on the site again" in text
    assert re.search(r"(?m)^  version +5\.7\.3$", text)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e]", text)
    assert "What became of it" in changed.run("proposal", "show", changed.proposal).output


@pytest.mark.req("X10", "W4")
def test_only_who_may_see_the_site_sees_its_changes(changed: Office) -> None:
    async def add(shop: Shop) -> None:
        async with shop.database.transaction(shop.org) as tx:
            other = Grant(Role.OPERATOR, None)
            nobody = await identity.add_person(
                tx, name="nina", mail="nina@example.org", grant=other, by=shop.owner, now=SystemClock().now()
            )
            await identity.withdraw_role(tx, nobody.id, other, by=shop.owner, now=SystemClock().now())

    changed.do(add)
    (plain,) = changed.ask("site", "changes", "shop")
    assert changed.run("site", "changes", "shop", who="nina").exit_code == 3
    assert changed.run("change", "show", plain["id"], who="nina").exit_code == 3
    assert changed.ask("change", "list", who="nina") == []


def test_nothing_changed_yet_is_said(office: Office) -> None:
    assert "Nothing was changed through here yet." in office.run("site", "changes", "shop").output


def test_a_change_that_nobody_knows_is_a_wrong_argument(office: Office) -> None:
    ran = office.run("change", "show", new_id())
    assert (ran.exit_code, "change.unknown" in ran.output) == (2, True)
