"""Tickets to the origin for consents: one purpose, one use, ten minutes; and what people did with a proposal before they answered it."""

import pytest
from sqlalchemy import text

from presswarden.approvals import service as approvals
from presswarden.approvals.model import Purpose, Ticket, TicketRefused
from presswarden.identity.sessions import service as sessions
from presswarden.identity.sessions.model import Way as SignedIn
from presswarden.kernel.ids import EVERYONE, OrgId, SessionId, new_id
from tests.stages.approvals.office import Office

pytestmark = pytest.mark.req("X6")


async def _session(office: Office) -> SessionId:
    async with office.database.transaction(office.org) as tx:
        _, made = await sessions.begin(tx, office.olga, SignedIn.PASSKEY, source="192.0.2.1", browser="test", now=office.clock.now())
    return made.id


async def _made(office: Office, purpose: Purpose = Purpose.ENROL, session: SessionId | None = None) -> str:
    of = session or await _session(office)
    async with office.database.transaction(office.org) as tx:
        return await approvals.make_ticket(tx, office.olga, purpose, session=of, reason="r", read_seconds=7, now=office.clock.now())


async def _look(office: Office, ticket: str, purpose: Purpose = Purpose.ENROL, *, org: OrgId | None = None) -> Ticket:
    async with office.database.reading(org or office.org) as tx:
        return await approvals.ticket(tx, ticket, purpose, now=office.clock.now())


async def _spend(office: Office, ticket: str, purpose: Purpose = Purpose.ENROL) -> Ticket:
    async with office.database.transaction(office.org) as tx:
        return await approvals.spend_ticket(tx, ticket, purpose, now=office.clock.now())


async def test_a_ticket_is_found_by_its_text_alone_and_only_its_hash_is_kept(office: Office) -> None:
    ticket = await _made(office)
    async with office.database.reading(EVERYONE) as tx:
        assert await approvals.organisation_of_ticket(EVERYONE, tx, ticket) == office.org
        kept = (await tx.execute(text("SELECT hash, person, purpose, reason, digest FROM consent_tickets"))).one()
    assert ticket not in str(tuple(kept))
    found = await _look(office, ticket)
    assert (found.person, found.reason, found.read_seconds) == (office.olga, "r", 7)


async def test_a_ticket_is_used_once(office: Office) -> None:
    ticket = await _made(office)
    await _spend(office, ticket)
    for again in (_look, _spend):
        with pytest.raises(TicketRefused):
            await again(office, ticket)


async def test_a_ticket_is_over_after_ten_minutes(office: Office) -> None:
    ticket = await _made(office)
    office.later(minutes=10, seconds=-1)
    await _look(office, ticket)
    office.later(seconds=1)
    with pytest.raises(TicketRefused):
        await _spend(office, ticket)


async def test_a_ticket_dies_with_the_session_that_made_it_and_with_no_other(office: Office) -> None:
    mine, another = await _session(office), await _session(office)
    ticket = await _made(office, session=mine)
    async with office.database.transaction(office.org) as tx:
        await sessions.end(tx, office.olga, another, now=office.clock.now())
    await _look(office, ticket)
    async with office.database.transaction(office.org) as tx:
        await sessions.end(tx, office.olga, mine, now=office.clock.now())
    for after in (_look, _spend):
        with pytest.raises(TicketRefused):
            await after(office, ticket)


async def test_somebody_elses_session_carries_no_ticket(office: Office) -> None:
    anna = await office.person("Anna")
    async with office.database.transaction(office.org) as tx:
        _, hers = await sessions.begin(tx, anna, SignedIn.PASSKEY, source="192.0.2.1", browser="test", now=office.clock.now())
    with pytest.raises(TicketRefused):
        await _spend(office, await _made(office, session=hers.id))


async def test_a_ticket_is_good_for_its_purpose_and_organisation_alone(office: Office) -> None:
    ticket = await _made(office)
    with pytest.raises(TicketRefused):
        await _look(office, ticket, Purpose.CONSENT)
    with pytest.raises(TicketRefused):
        await _look(office, ticket, org=OrgId(new_id()))
    with pytest.raises(TicketRefused):
        await _look(office, ticket[:-1])
    async with office.database.reading(EVERYONE) as tx:
        with pytest.raises(TicketRefused):
            await approvals.organisation_of_ticket(EVERYONE, tx, "no such ticket")


async def test_a_new_ticket_voids_the_one_before(office: Office) -> None:
    first, other = await _made(office), await _made(office, Purpose.CONSENT)
    second = await _made(office)
    with pytest.raises(TicketRefused):
        await _look(office, first)
    await _look(office, second)
    await _look(office, other, Purpose.CONSENT)


async def test_only_the_first_opening_of_a_page_is_kept(office: Office) -> None:
    filed, _ = await office.submit(office.item(await office.site()))
    began = office.clock.now()
    async with office.database.transaction(office.org) as tx:
        assert await approvals.opened(tx, filed.id, office.olga) is None
        await approvals.put_off(tx, filed.id, office.olga, until=office.later(hours=1), now=office.clock.now())
        await approvals.note_opened(tx, filed.id, office.olga, now=began)
        await approvals.note_opened(tx, filed.id, office.olga, now=office.later(minutes=3))
        assert await approvals.opened(tx, filed.id, office.olga) == began


async def test_what_is_put_off_comes_back_and_stays_for_everybody_else(office: Office) -> None:
    anna = await office.person("Anna")
    filed, _ = await office.submit(office.item(await office.site()))
    now = office.clock.now()
    async with office.database.transaction(office.org) as tx:
        await approvals.put_off(tx, filed.id, office.olga, until=office.later(days=30), now=now)
        assert await approvals.put_off_by(tx, office.olga, now=now) == {filed.id}
        assert not await approvals.put_off_by(tx, anna, now=now)
        assert not await approvals.put_off_by(tx, office.olga, now=office.clock.now()), "a week is the longest"


async def test_owners_see_how_attentively_people_answer(office: Office) -> None:
    anna, shop = await office.person("Anna"), await office.site()
    began = office.clock.now()
    for seconds in (4, 90, 200):
        filed, _ = await office.submit(office.item(shop))
        await office.yes(filed, anna, read_seconds=seconds)
    filed, _ = await office.submit(office.item(shop))
    await office.no(filed, office.olga)
    async with office.database.reading(office.org) as tx:
        first, second = await approvals.attention(tx, since=began)
        assert not await approvals.attention(tx, since=office.later(days=1))
        assert await approvals.yes_counts(tx, [filed.id]) == {}
    assert (first.person, first.yes, first.no, first.median_seconds, first.hasty) == (anna, 3, 0, 90, 1)
    assert (second.person, second.yes, second.no, second.median_seconds) == (office.olga, 0, 1, None)
