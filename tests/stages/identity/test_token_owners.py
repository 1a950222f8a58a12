"""Who answers for a token: whoever made it, until somebody who was asked takes it; it speaks for them, and ends with them."""

from datetime import timedelta

import pytest

from presswarden.audit import service as audit
from presswarden.identity import service as identity
from presswarden.identity.accounts import service as accounts
from presswarden.identity.model import Forbidden, Grant, PersonUnknown, Role
from presswarden.identity.tokens import service as tokens
from presswarden.identity.tokens.model import MOST_TOKENS, Scope, TokenRefused, TokenUnknown
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, PersonId, new_id
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.req("A12", "X10")


class Agency:
    def __init__(self, database: Database, org: OrgId, clock: FrozenClock) -> None:
        self.database, self.org, self.clock = database, org, clock
        self.people: dict[str, PersonId] = {}

    async def open(self) -> "Agency":
        async with self.database.transaction(self.org) as tx:
            await identity.create_organisation(tx, "Agency", "Olga", "olga@example.org", self.clock.now())
            self.people["olga"] = owner = (await identity.owner(tx)).id
            for name, role in (("adam", Role.ADMIN), ("vera", Role.VIEWER), ("otto", Role.OPERATOR)):
                made = await identity.add_person(
                    tx, name=name, mail=f"{name}@example.org", grant=Grant(role), by=owner, now=self.clock.now()
                )
                self.people[name] = made.id
        return self

    async def make(self, who: str) -> tuple[str, str]:
        """Its text and its id."""
        async with self.database.transaction(self.org) as tx:
            until = self.clock.now() + timedelta(days=30)
            text, made = await tokens.make(tx, self.people[who], name="ci", scopes=list(Scope), until=until, now=self.clock.now())
        return text, made.id

    async def offer(self, token: str, to: str, by: str, *, any_of_them: bool = False) -> None:
        whom = self.people.get(to, PersonId(to)) if to else None
        async with self.database.transaction(self.org) as tx:
            await tokens.offer(tx, token, whom, by=self.people[by], any_of_them=any_of_them, now=self.clock.now())

    async def take(self, token: str, by: str) -> None:
        async with self.database.transaction(self.org) as tx:
            await tokens.take(tx, token, by=self.people[by], now=self.clock.now())

    async def remove(self, who: str) -> None:
        async with self.database.transaction(self.org) as tx:
            await accounts.remove_person(tx, self.people[who], by=self.people["olga"], now=self.clock.now())

    async def speaks_for(self, text: str) -> str:
        async with self.database.reading(EVERYONE) as tx:
            found = await tokens.token_of(EVERYONE, tx, text, self.clock.now(), note=False)
        return "" if found is None else found[1].name


@pytest.fixture
async def agency(database: Database, org: OrgId, frozen: FrozenClock) -> Agency:
    return await Agency(database, org, frozen).open()


async def test_a_token_ends_with_whoever_answers_for_it(agency: Agency) -> None:
    text, _ = await agency.make("otto")
    assert await agency.speaks_for(text) == "otto"
    await agency.remove("otto")
    assert await agency.speaks_for(text) == ""


async def test_whoever_takes_a_token_answers_for_it_from_then_on_and_not_before(agency: Agency) -> None:
    text, token = await agency.make("otto")
    await agency.offer(token, "vera", by="otto")
    assert await agency.speaks_for(text) == "otto", "an offer changes nothing"
    await agency.take(token, by="vera")
    assert await agency.speaks_for(text) == "vera"
    await agency.remove("otto")
    assert await agency.speaks_for(text) == "vera"
    async with agency.database.transaction(agency.org) as tx:
        (kept,) = await tokens.tokens_of(tx, agency.people["vera"])
        told = [(await audit.events(tx, kind=kind))[0].payload for kind in ("api.key_offered", "api.key_taken")]
    assert (kept.made_by, kept.offered_to) == (agency.people["otto"], None)
    assert told == [{"api": token, "to": agency.people["vera"]}, {"api": token, "before": agency.people["otto"]}]
    await agency.remove("vera")
    assert await agency.speaks_for(text) == ""


async def test_nobody_takes_what_is_not_offered_to_them(agency: Agency) -> None:
    text, token = await agency.make("otto")
    for _ in range(2):
        for name in ("vera", "adam", "otto"):
            with pytest.raises(TokenUnknown):
                await agency.take(token, by=name)
        await agency.offer(token, "olga", by="otto")
    await agency.offer(token, "", by="otto")
    with pytest.raises(TokenUnknown):
        await agency.take(token, by="olga")
    assert await agency.speaks_for(text) == "otto"


async def test_only_its_own_person_and_who_manages_people_offer_and_revoke_it(agency: Agency) -> None:
    text, token = await agency.make("otto")
    with pytest.raises(TokenUnknown):
        await agency.offer(token, "adam", by="adam")
    with pytest.raises(Forbidden):
        await agency.offer(token, "vera", by="vera", any_of_them=True)
    await agency.offer(token, "vera", by="adam", any_of_them=True)
    async with agency.database.transaction(agency.org) as tx:
        with pytest.raises(Forbidden):
            await tokens.revoke(tx, token, by=agency.people["vera"], any_of_them=True, now=agency.clock.now())
        await tokens.revoke(tx, token, by=agency.people["adam"], any_of_them=True, now=agency.clock.now())
    assert await agency.speaks_for(text) == ""


async def test_a_token_is_offered_to_somebody_of_the_organisation_who_has_room_for_it(agency: Agency) -> None:
    _, token = await agency.make("otto")
    with pytest.raises(PersonUnknown):
        await agency.offer(token, new_id(), by="otto")
    with pytest.raises(TokenRefused):
        await agency.offer(token, "otto", by="otto")
    await agency.offer(token, "vera", by="otto")
    for _ in range(MOST_TOKENS):
        await agency.make("vera")
    with pytest.raises(TokenRefused):
        await agency.take(token, by="vera")


async def test_an_offer_ends_with_whoever_it_was_made_to(agency: Agency) -> None:
    text, token = await agency.make("otto")
    await agency.offer(token, "vera", by="otto")
    await agency.remove("vera")
    async with agency.database.reading(agency.org) as tx:
        (kept,) = await tokens.tokens_of(tx, agency.people["otto"])
        assert kept.offered_to is None
    assert await agency.speaks_for(text) == "otto"


async def test_another_organisations_tokens_are_unknown(agency: Agency) -> None:
    _, token = await agency.make("otto")
    other = await Agency(agency.database, OrgId(new_id()), agency.clock).open()
    with pytest.raises(TokenUnknown):
        await other.offer(token, "vera", by="adam", any_of_them=True)
    with pytest.raises(TokenUnknown):
        await other.take(token, by="vera")
