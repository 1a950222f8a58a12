"""What people do in a run: they hear of an update, ask for the change, agree, and close what incident was left. Limits: by the stages' own verbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from presswarden.approvals import consent
from presswarden.approvals import service as approvals
from presswarden.approvals.model import AtTerminal
from presswarden.audit.model import Actor
from presswarden.incidents import service as incidents
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import CorrelationId, WorkId, new_id
from presswarden.proposals.model import Draft, Item, Proposal, Source
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import WorkState
from tests.chaos.judging import Asked
from tests.chaos.lanes import Lane, Place
from tests.chaos.stories import Shown, Story
from tests.crash.shops import together
from tests.crash.works import ASK


@dataclass(frozen=True)
class Wish:
    """One change that is to be asked for."""

    place: Place
    story: Story
    was: Shown
    wanted: Shown


def wishes(lane: Lane, stories: Mapping[Place, Story], number: int) -> list[Wish]:
    """What is to be asked for on each of these sites, and both sides know what there is."""
    for place in stories:
        place.forget()
    found = [_wish(place, story, f"1.0.{number}") for place, story in stories.items()]
    for story in {one.story for one in found if not one.story.switches}:
        lane.updates.offer(story.slug, f"1.0.{number}", story.kind, package=story.package(f"1.0.{number}"))
    together(lambda one: _hear(lane, one), found)
    lane.plane.settled([one for wish in found for one in lane.plane.ask(lane.offers[wish.place.shop].site, "wp.site.health")])
    return found


def agree(lane: Lane, wanted: Sequence[Wish]) -> list[Asked]:
    """All of it in one plan, asked for by one person and agreed to by another: from here on it runs."""
    asker, approver = lane.people
    items = tuple(_item(lane, one) for one in wanted)

    async def both(tx: Tx) -> Proposal:
        now = lane.plane.now()
        draft = Draft(Source.PERSON, Actor("person", asker), f"Chaos on {len(items)} sites", items, (), None)
        filed, _ = await approvals.submit(tx, draft, correlation=CorrelationId(new_id()), now=now)
        seen = AtTerminal(local=True, tty=True, typed=consent.typed_confirmation(filed))
        await consent.say_yes(tx, filed.id, approver, digest=filed.plan.digest, evidence=seen, release=rollouts.release, now=now)
        return filed

    filed = lane.plane.write(both, rings=True)
    work = {one.site: one for one in lane.plane.read(lambda tx: rollouts.work_of(tx, filed.id))}
    found = [(one, work[lane.offers[one.place.shop].site]) for one in wanted]
    return [Asked(one.place, one.story, each.id, each.changes[0], one.was, one.wanted) for one, each in found]


def has_ended(lane: Lane, asked: Asked) -> bool:
    return lane.plane.read(lambda tx: rollouts.work(tx, WorkId(asked.work))).state is WorkState.ENDED


def at_peace(lane: Lane) -> None:
    """A person closes what incidents there are, so that the next change may run."""

    async def close(tx: Tx) -> None:
        for one in await incidents.list_incidents(tx, only_open=True):
            await incidents.close(tx, one.id, "seen", by=lane.people[1], now=lane.plane.now())

    lane.plane.write(close)


def _wish(place: Place, story: Story, version: str) -> Wish:
    was = place.shelf.shows(story)
    if story.switches:
        return Wish(place, story, was, Shown(was.version, active=not was.active))
    place.shelf.knows(story, version)
    return Wish(place, story, was, Shown(version, active=was.active))


def _item(lane: Lane, wish: Wish) -> Item:
    offer, before = lane.offers[wish.place.shop], {"active": wish.was.active, "version": wish.was.version}
    where = (offer.site, offer.installation, wish.place.shop.gate.url)
    if wish.story.switches:
        tool = "wp.plugin.activate" if wish.wanted.active else "wp.plugin.deactivate"
        return Item(*where, tool, wish.story.component, "", before, "")
    package = lane.updates.sha256(wish.story.slug)
    return Item(*where, "wp.plugin.update", wish.story.component, wish.wanted.version, before, package)


def _hear(lane: Lane, wish: Wish) -> None:
    if not wish.story.switches:
        wish.place.shop.site.php(ASK)
    done = wish.place.shop.beat()
    assert done.code == 0, (done, lane.plane.log("web"), lane.plane.log("serve"))
