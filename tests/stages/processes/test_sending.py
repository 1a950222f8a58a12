"""What happens is told: once to each who may see it and wants to hear it, again when the server was away, by mail and by webhook."""

from datetime import timedelta

import pytest

from presswarden.audit.model import Actor
from presswarden.gate import service as gate
from presswarden.gate.model import StopScope
from presswarden.identity import service as identity
from presswarden.identity.model import Forbidden, Role
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.db import Database
from presswarden.kernel.ids import CorrelationId, OrgId, new_id
from presswarden.proposals import service as proposals
from presswarden.reports.notices import service as notices
from presswarden.reports.notices.model import TRIES, Occasion
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Result
from tests.fakes.clock import FrozenClock
from tests.fakes.post import post_office
from tests.stages.approvals.office import Office, opened
from tests.stages.outside.servers import http, says, server
from tests.stages.processes.news import URL, listening

pytestmark = pytest.mark.req("N19")


@pytest.fixture
async def office(database: Database, frozen: FrozenClock, org: OrgId) -> Office:
    return await opened(database, frozen, org)


async def test_who_may_approve_is_told_that_they_are_waited_for_and_who_asked_is_not(office: Office) -> None:
    site = await office.site()
    anna, _ = await office.person("Anna", Role.ADMIN), await office.person("Vera", Role.VIEWER)
    async with post_office() as post:
        news = await listening(office, post)
        assert news.got() == []
        filed, _ = await office.submit(office.item(site), by=office.olga)
        await news.round()
        (mail,) = post.mails
        assert f"{URL}/proposals/{filed.id}" in str(mail.get_payload())
        assert "Tiny" not in str(mail), "what a site calls its plugin is no word of ours"
        assert news.got() == [("anna", "A proposal waits for approval (Agency)")]
        await news.round()
        assert news.got() == []
        recommended, _ = await office.submit(office.item(site), by=Actor("process", "analyst"), confidence=0.5)
        await news.round()
        assert news.got() == [], "a recommendation waits for nobody's yes"
        async with office.database.transaction(office.org) as tx:
            await proposals.adopt(tx, recommended.id, Actor("person", anna), office.clock.now())
        await news.round()
        assert news.got() == [("olga", "A proposal waits for approval (Agency)")]


@pytest.mark.parametrize(
    ("result", "subject"),
    [(Result.SUCCEEDED, ""), (Result.ROLLED_BACK, "A change was rolled back"), (Result.ROLLBACK_FAILED, "A change was rolled back")],
)
async def test_what_became_of_a_change_is_told(office: Office, result: Result, subject: str) -> None:
    site, anna, berta = await office.site(), await office.person("Anna"), await office.person("Berta")
    filed, asked = await office.submit(office.item(site, package="a" * 64))
    for person in (anna, berta)[: asked.needs.people]:
        await office.yes(filed, person)
    async with post_office() as post:
        news = await listening(office, post)
        async with office.database.transaction(office.org) as tx:
            await notices.choose(tx, berta, {Occasion.ROLLED_BACK: False, Occasion.INCIDENT: False, Occasion.EXECUTED: True})
            (change,) = await rollouts.changes(tx, proposal=filed.id)
            await rollouts.end(tx, change.id, result, says="words of a site", now=office.clock.now())
        await news.round()
        told = news.got()
    if result is Result.SUCCEEDED:
        assert told == [("berta", "A change was carried out (Agency)")], "who did not ask for it is told of no success"
    else:
        assert {to for to, _ in told} == {"anna", "olga"}
        assert f"{subject} (Agency)" in [said for _, said in told]


async def test_a_site_that_is_away_an_incident_and_a_stop_are_told(office: Office) -> None:
    site = await office.site()
    async with post_office() as post:
        news = await listening(office, post)
        for kind, subject in (
            (SignalKind.UNREACHABLE, "A site can't be reached"),
            (SignalKind.CLONE, "An incident was opened"),
        ):
            async with office.database.transaction(office.org) as tx:
                await incidents.raise_signal(tx, kind, site.site, {}, office.clock.now())
            await news.round()
            assert news.got() == [("olga", f"{subject} (Agency)")]
        await news.stop()
        await news.round()
        assert "secret words" not in str(post.mails[0])
        assert news.got() == [("olga", "Something was stopped or resumed (Agency)")]


async def test_many_things_are_one_mail(office: Office) -> None:
    async with post_office() as post:
        news = await listening(office, post)
        for _ in range(2):
            await news.stop()
            await news.resume()
            office.clock.advance(minutes=16)
        await news.round()
        assert "/stop" in str(post.mails[0].get_payload())
        # Two stops, two words to resume, and the end of the first, fifteen minutes later: one person alone may approve here.
        assert news.got() == [("olga", "5 things happened (Agency)")]
        assert await news.given() == (0, 5, 0)


async def test_who_sees_one_site_hears_of_that_site_alone(office: Office) -> None:
    here, there = await office.site(), await office.site("other")
    await office.person("Otto", Role.OPERATOR, site=here.site)
    async with post_office() as post:
        news = await listening(office, post)
        async with office.database.transaction(office.org) as tx:
            await incidents.raise_signal(tx, SignalKind.CLONE, there.site, {}, office.clock.now())
        await news.round()
        assert [to for to, _ in news.got()] == ["olga"]
        async with office.database.transaction(office.org) as tx:
            await incidents.raise_signal(tx, SignalKind.CLONE, here.site, {}, office.clock.now())
        await news.round()
        assert [to for to, _ in news.got()] == ["olga", "otto"]


async def test_what_the_organisation_does_not_send_nobody_gets(office: Office) -> None:
    anna = await office.person("Anna")
    async with post_office() as post, server(says(http(200, b""))) as port:
        news = await listening(office, post)
        await news.webhook(port)
        async with office.database.transaction(office.org) as tx:
            with pytest.raises(Forbidden):
                await notices.choose_for_all(tx, {Occasion.STOP: False}, by=anna, now=office.clock.now())
            await notices.choose_for_all(tx, {Occasion.STOP: False}, by=office.olga, now=office.clock.now())
        await news.stop()
        assert await news.round() == 0
        assert news.got() == []


async def test_a_mail_server_that_is_away_is_tried_again_with_the_same_id_and_given_up_in_the_end(office: Office) -> None:
    async with post_office(refuse="MAIL") as post:
        news = await listening(office, post)
        await news.stop()
        assert await news.round() == 0
        assert await news.round() == 0
        assert await news.given() == (1, 0, 0)
        post.refuse = "DATA"
        office.clock.advance(minutes=1)
        assert await news.round() == 0
        post.refuse = ""
        office.clock.advance(minutes=5)
        assert await news.round() == 1
        first = post.mails.pop()["Message-ID"]
        assert str(first).startswith("<msg_")
        post.refuse = "MAIL"
        await news.resume()
        await news.round()
        for wait in TRIES:
            office.clock.advance(seconds=wait.total_seconds())
            await news.round()
        assert await news.given() == (0, 1, 1)
        post.refuse = ""
        office.clock.advance(days=1)
        assert await news.round() == 0


async def test_nothing_set_means_nothing_sent_and_nothing_kept(office: Office) -> None:
    news = await listening(office, None)
    await news.stop()
    assert await news.round() == 0
    assert await news.given() == (0, 0, 0)


async def test_a_letter_goes_to_its_address_and_its_text_is_not_kept(office: Office) -> None:
    async with post_office() as post:
        news = await listening(office, post)
        async with office.database.transaction(office.org) as tx:
            await notices.write(tx, "new@example.org", "You are invited", "https://control.example/invitation/abc", now=office.clock.now())
        assert await news.round() == 1
        assert "/invitation/abc" in str(post.mails[0].get_payload())
        async with office.database.reading(office.org) as tx:
            assert await notices.due(tx, office.clock.now() + timedelta(days=9)) == ()
        office.clock.advance(days=31)
        async with office.database.transaction(office.org) as tx:
            await notices.expire(tx, office.clock.now())
        assert await news.given() == (0, 0, 0)


async def test_somebody_who_was_removed_meanwhile_is_told_nothing(office: Office) -> None:
    anna = await office.person("Anna")
    async with post_office(refuse="MAIL") as post:
        news = await listening(office, post)
        await news.stop()
        await news.round()
        post.refuse = ""
        async with office.database.transaction(office.org) as tx:
            await identity.remove_person(tx, anna, by=office.olga, now=office.clock.now())
        office.clock.advance(minutes=1)
        await news.round()
        assert [to for to, _ in news.got()] == ["olga"]


async def test_another_organisations_news_stay_there(office: Office) -> None:
    other = await opened(office.database, office.clock, OrgId(new_id()))
    async with post_office() as post:
        news = await listening(office, post)
        async with other.database.transaction(other.org) as tx:
            await gate.stop(tx, other.olga, "x", scope=StopScope.ORGANISATION, correlation=CorrelationId(new_id()), now=other.clock.now())
        await news.round()
        assert len(news.got()) == 1
    async with office.database.reading(office.org) as tx:
        assert (await notices.given(tx)).sent == 0
