"""Policy documents: every version kept, one in force, a laxer one only by a second owner or after fifteen minutes alone."""

from datetime import timedelta
from typing import Any

import pytest

from presswarden.approvals import service as approvals
from presswarden.approvals.model import PolicyDocument, PolicyNotActivated, PolicyUnknown
from presswarden.approvals.policies import nowhere_laxer
from presswarden.identity import service as identity
from presswarden.identity.model import Forbidden, Role
from presswarden.kernel.ids import PersonId
from presswarden.policy.document import PolicyInvalid, read
from presswarden.policy.rules import NONE
from presswarden.sites.model import SiteUnknown
from tests.stages.approvals.documents import as_built_in, example
from tests.stages.approvals.office import Office

pytestmark = pytest.mark.req("X5")


async def _activate(office: Office, document: dict[str, Any], *, scope: str = "", by: PersonId | None = None) -> PolicyDocument:
    async with office.database.transaction(office.org) as tx:
        return await approvals.activate_policy(tx, document, scope=scope, by=by or office.olga, now=office.clock.now())


async def _threshold(office: Office, scope: str = "") -> float:
    async with office.database.reading(office.org) as tx:
        found = await approvals.policy_at(tx, scope, now=office.clock.now())
    return read(found.document).operations.confidence_threshold if found else 0.0


async def test_a_document_that_is_nowhere_laxer_holds_at_once_and_every_version_is_kept(office: Office) -> None:
    first = await _activate(office, as_built_in())
    second = await _activate(office, as_built_in(confidence_threshold=0.9))
    assert (first.version, first.active, second.version, second.active) == (1, True, 2, True)
    assert await _threshold(office) == 0.9
    async with office.database.reading(office.org) as tx:
        kept = await approvals.policy_versions(tx, now=office.clock.now())
    assert [(one.version, one.active) for one in kept] == [(2, True), (1, False)]
    assert {told["version"] for told in await office.kinds("policy.activated")} == {1, 2}


@pytest.mark.req("W6")
async def test_lowering_the_threshold_needs_a_second_owner(office: Office) -> None:
    petra = await office.person("Petra", Role.OWNER)
    await _activate(office, as_built_in(confidence_threshold=0.9))
    lower = await _activate(office, as_built_in(confidence_threshold=0.6))
    assert not lower.active
    assert await _threshold(office) == 0.9
    async with office.database.transaction(office.org) as tx:
        with pytest.raises(PolicyNotActivated):
            await approvals.confirm_policy(tx, lower.version, by=office.olga, now=office.clock.now())
        confirmed = await approvals.confirm_policy(tx, lower.version, by=petra, now=office.clock.now())
    assert (confirmed.active, confirmed.confirmed_by) == (True, petra)
    assert await _threshold(office) == 0.6


async def test_alone_a_laxer_document_holds_after_fifteen_minutes(office: Office) -> None:
    filed = await _activate(office, example())
    assert not filed.active
    assert filed.from_when == office.clock.now() + timedelta(minutes=15)
    async with office.database.reading(office.org) as tx:
        assert await approvals.policy_at(tx, now=office.clock.now() + timedelta(minutes=14, seconds=59)) is None
        assert await approvals.policy_at(tx, now=office.clock.now() + timedelta(minutes=15)) is not None


async def test_a_newer_version_takes_the_place_of_one_that_waits(office: Office) -> None:
    petra = await office.person("Petra", Role.OWNER)
    lax = await _activate(office, example())
    await _activate(office, as_built_in())
    async with office.database.transaction(office.org) as tx:
        with pytest.raises(PolicyNotActivated):
            await approvals.confirm_policy(tx, lax.version, by=petra, now=office.clock.now())
        with pytest.raises(PolicyUnknown):
            await approvals.confirm_policy(tx, 9, by=petra, now=office.clock.now())


async def test_nobody_becomes_the_only_owner_by_removing_the_other(office: Office) -> None:
    petra = await office.person("Petra", Role.OWNER)
    async with office.database.transaction(office.org) as tx:
        await identity.remove_person(tx, petra, by=office.olga, now=office.clock.now())
    filed = await _activate(office, example())
    assert (filed.active, filed.from_when) == (False, None)
    office.later(hours=24)
    assert (await _activate(office, example())).from_when is not None


@pytest.mark.req("X10")
@pytest.mark.parametrize("role", [Role.ADMIN, Role.APPROVER, Role.OPERATOR, Role.AUDITOR, Role.VIEWER])
async def test_only_owners_put_a_policy_in_force(office: Office, role: Role) -> None:
    person = await office.person("Pat", role)
    with pytest.raises(Forbidden):
        await _activate(office, as_built_in(), by=person)


async def test_what_is_no_policy_is_not_kept(office: Office) -> None:
    for document in ({}, {**as_built_in(), "unknown": 1}, as_built_in(confidence_threshold=0.1)):
        with pytest.raises(PolicyInvalid):
            await _activate(office, document)
    with pytest.raises(PolicyNotActivated):
        await _activate(office, {**as_built_in(), "status": "draft"})
    with pytest.raises(SiteUnknown):
        await _activate(office, as_built_in(), scope="s" * 36)
    async with office.database.reading(office.org) as tx:
        assert await approvals.policy_versions(tx, now=office.clock.now()) == ()


async def test_the_strictest_of_the_organisations_and_the_sites_document_counts_there(office: Office) -> None:
    shop, blog = await office.site("shop"), await office.site("blog")
    await _activate(office, as_built_in(confidence_threshold=0.85))
    await _activate(office, as_built_in(confidence_threshold=0.95), scope=shop.site)
    async with office.database.reading(office.org) as tx:
        found = await approvals.rules_for(tx, (shop.site, blog.site), now=office.clock.now())
    assert (found[shop.site].operations.confidence_threshold, found[blog.site].operations.confidence_threshold) == (0.95, 0.85)
    assert found[shop.site].digest != found[blog.site].digest


def test_a_document_is_laxer_where_any_setting_is() -> None:
    base = read(as_built_in())
    assert nowhere_laxer(base, NONE)
    assert nowhere_laxer(base, base)
    hold = {"component": SHOP, "version": "*", "until": "2027-01-05", "reason": "x"}
    window = {"days": ["mon"], "from": "22:00", "to": "05:00", "tz": "site"}
    tighter: tuple[dict[str, Any], ...] = (
        {"confidence_threshold": 0.83}, {"max_mode": "approve"}, {"default_mode": "observe"}, {"holds": [hold]}, {"change_windows": [window]},
        {"approval_hours": 24}, {"wait_days": {"minor": 9}},
    )  # fmt: skip
    for one in tighter:
        strict = read(as_built_in(**one))
        assert nowhere_laxer(strict, NONE), one
        assert nowhere_laxer(strict, base), one
        assert not nowhere_laxer(base, strict), one
    for lax in (
        {"confidence_threshold": 0.81},
        {"automate": ["wp.translation.update"]},
        {"default_mode": "autonomous"},
        {"approval_hours": 100},
    ):
        assert not nowhere_laxer(read(as_built_in(**lax)), NONE), lax


SHOP = "plugin:woocommerce"
