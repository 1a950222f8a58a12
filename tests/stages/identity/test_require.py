"""Roles as data: who may do what, where, and that another organisation's people are nobody here."""

from dataclasses import dataclass
from uuid import uuid4

import pytest

from presswarden.identity import service as identity
from presswarden.identity.model import ALLOWED, Forbidden, Grant, Permission, Person, Role, may
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId, PersonId, SiteId
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.req("X10")

SHOP, BLOG = SiteId(str(uuid4())), SiteId(str(uuid4()))


@dataclass
class Agency:
    database: Database
    clock: FrozenClock
    org: OrgId
    owner: PersonId


@pytest.fixture
async def agency(database: Database, frozen: FrozenClock, org: OrgId) -> Agency:
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, "Agency", "Ada", "ada@agency.example", frozen.now())
        owner = await identity.owner(tx)
    return Agency(database, frozen, org, owner.id)


async def add(agency: Agency, grant: Grant, mail: str = "ben@agency.example") -> Person:
    async with agency.database.transaction(agency.org) as tx:
        return await identity.add_person(tx, name="Ben", mail=mail, grant=grant, by=agency.owner, now=agency.clock.now())


@pytest.mark.parametrize(
    ("role", "allowed", "denied"),
    [
        (Role.OWNER, set(Permission), set()),
        (Role.ADMIN, {Permission.SITE_REVOKE, Permission.APPROVE}, {Permission.OWNERS_MANAGE, Permission.SITE_RESUME}),
        (Role.APPROVER, {Permission.APPROVE, Permission.SITE_PAUSE}, {Permission.PROPOSE, Permission.SITE_PAIR, Permission.AUDIT_PAYLOAD}),
        (Role.OPERATOR, {Permission.SITE_PAIR, Permission.SITE_READ, Permission.SITE_PAUSE}, {Permission.APPROVE, Permission.SITE_REVOKE}),
        (Role.VIEWER, {Permission.SITE_SEE}, {Permission.CONTENT_SEE, Permission.AUDIT_PAYLOAD, Permission.SITE_READ}),
        (Role.AUDITOR, {Permission.AUDIT_PAYLOAD, Permission.CONTENT_SEE, Permission.AUDIT_EXPORT}, {Permission.SITE_READ, Permission.PROPOSE}),
    ],
)  # fmt: skip
async def test_each_role_allows_what_the_table_says_and_nothing_else(
    agency: Agency, role: Role, allowed: set[Permission], denied: set[Permission]
) -> None:
    person = await add(agency, Grant(role))
    async with agency.database.reading(agency.org) as tx:
        for permission in allowed:
            assert (await identity.require(tx, person.id, permission)).id == person.id
        for permission in denied:
            with pytest.raises(Forbidden):
                await identity.require(tx, person.id, permission)


def test_an_auditor_and_a_viewer_change_nothing() -> None:
    changing = {permission for permission in Permission if not permission.value.endswith((".see", ".payload", ".export"))}
    assert not ALLOWED[Role.AUDITOR] & changing
    assert not ALLOWED[Role.VIEWER] & changing


async def test_a_grant_for_one_site_says_nothing_of_another_or_of_the_organisation(agency: Agency) -> None:
    person = await add(agency, Grant(Role.OPERATOR, SHOP))
    assert may(person, Permission.SITE_READ, SHOP)
    assert not may(person, Permission.SITE_READ, BLOG)
    assert not may(person, Permission.SITE_READ)


async def test_another_organisations_owner_is_nobody_here(agency: Agency) -> None:
    other = OrgId(str(uuid4()))
    async with agency.database.transaction(other) as tx:
        await identity.create_organisation(tx, "Other", "Eve", "eve@other.example", agency.clock.now())
        stranger = await identity.owner(tx)
    async with agency.database.reading(agency.org) as tx:
        with pytest.raises(Forbidden):
            await identity.require(tx, stranger.id, Permission.SITE_SEE)
        assert [one.mail for one in await identity.people(tx)] == ["ada@agency.example"]


async def test_an_unknown_person_is_forbidden_like_any_other(agency: Agency) -> None:
    async with agency.database.reading(agency.org) as tx:
        with pytest.raises(Forbidden):
            await identity.require(tx, PersonId(str(uuid4())), Permission.SITE_SEE)


async def test_a_removed_person_may_nothing(agency: Agency) -> None:
    person = await add(agency, Grant(Role.ADMIN))
    async with agency.database.transaction(agency.org) as tx:
        await identity.remove_person(tx, person.id, by=agency.owner, now=agency.clock.now())
        with pytest.raises(Forbidden):
            await identity.require(tx, person.id, Permission.SITE_SEE)
        assert len(await identity.people(tx)) == 1
