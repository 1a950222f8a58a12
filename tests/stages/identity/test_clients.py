"""Clients: whose sites roles and stops are given for; taking a site from one takes a say away, and counts as that."""

import pytest

from presswarden.identity import service as identity
from presswarden.identity.clients import service as clients
from presswarden.identity.model import ClientUnknown, Forbidden, Grant, NameRefused, Role
from presswarden.kernel.db import Database
from presswarden.kernel.ids import ClientId, OrgId, PersonId, SiteId, new_id
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.req("X10")


async def _organisation(database: Database, org: OrgId, clock: FrozenClock) -> PersonId:
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, "Agency", "Olga", "olga@example.org", clock.now())
        return (await identity.owner(tx)).id


@pytest.mark.parametrize(("role", "counts"), [(Role.APPROVER, True), (Role.OPERATOR, False)])
async def test_taking_a_site_from_a_client_takes_a_say_away(
    database: Database, org: OrgId, frozen: FrozenClock, role: Role, counts: bool
) -> None:
    olga, site = await _organisation(database, org, frozen), SiteId(new_id())
    async with database.transaction(org) as tx:
        one = await clients.add(tx, "One", by=olga, now=frozen.now())
        other = await clients.add(tx, "Other", by=olga, now=frozen.now())
        await identity.add_person(tx, name="Anna", mail="anna@example.org", grant=Grant(role, client=one.id), by=olga, now=frozen.now())
        await clients.assign(tx, site, one.id, by=olga, now=frozen.now())
        assert await identity.last_removal(tx) is None
        await clients.assign(tx, site, one.id, by=olga, now=frozen.advance(hours=1))
        assert await identity.last_removal(tx) is None
        await clients.assign(tx, site, other.id, by=olga, now=frozen.now())
        assert (await identity.last_removal(tx) == frozen.now()) is counts


async def test_clients_are_those_of_one_organisation_and_theirs_to_manage(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    olga, foreign = await _organisation(database, org, frozen), OrgId(new_id())
    eva = await _organisation(database, foreign, frozen)
    async with database.transaction(foreign) as tx:
        theirs = await clients.add(tx, "Theirs", by=eva, now=frozen.now())
    async with database.transaction(org) as tx:
        anna = await identity.add_person(tx, name="Anna", mail="a@example.org", grant=Grant(Role.APPROVER), by=olga, now=frozen.now())
        with pytest.raises(Forbidden):
            await clients.add(tx, "Mine", by=anna.id, now=frozen.now())
        for which in (theirs.id, "Theirs", ClientId(new_id())):
            with pytest.raises(ClientUnknown):
                await clients.client(tx, which)
        with pytest.raises(ClientUnknown):
            await identity.grant_role(tx, anna.id, Grant(Role.VIEWER, client=theirs.id), by=olga, now=frozen.now())
        with pytest.raises(NameRefused):
            await clients.add(tx, "one\u202etwo", by=olga, now=frozen.now())
        assert await clients.clients(tx) == ()


async def test_a_removed_person_holds_nothing_of_a_client(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    olga = await _organisation(database, org, frozen)
    async with database.transaction(org) as tx:
        client = await clients.add(tx, "One", by=olga, now=frozen.now())
        grant = Grant(Role.ADMIN, client=client.id)
        anna = await identity.add_person(tx, name="Anna", mail="a@example.org", grant=grant, by=olga, now=frozen.now())
        assert anna.grants == {grant}
        assert anna.roles == frozenset()
        await identity.remove_person(tx, anna.id, by=olga, now=frozen.now())
        assert [one.id for one in await identity.people(tx)] == [olga]
