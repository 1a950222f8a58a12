"""Updates of one plugin on several sites at once: offered, asked for by one person, agreed to by another, and held against what really happened.

What ran is counted by the lab's oracle on the sites, what is there by what a visitor gets. Limits: people act through the stages' own verbs in this process,
as the command line does.
"""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.packages import Kind, plugin_files, write_plugin, zipped
from lab.updates import UpdateServer
from presswarden.approvals import consent
from presswarden.approvals import service as approvals
from presswarden.approvals.model import AtTerminal
from presswarden.audit.model import Actor
from presswarden.identity import service as identity
from presswarden.identity.model import Grant, Role
from presswarden.incidents import service as incidents
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import ChangeId, CorrelationId, PersonId, WorkId, new_id
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Draft, Item, LeafRole, Proposal, Source
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Change, Result, WorkState
from tests.crash.halts import Running
from tests.crash.plane import Offer, Plane
from tests.crash.shops import Shop, pair_all, part_all, together
from tests.crash.waiting import until

OTHER_TITLE = "add_filter( 'pre_get_document_title', static function () { return 'It works!'; }, 99 );"
ASK = "delete_site_transient( 'update_plugins' ); wp_update_plugins();"
LOCKS = "SELECT option_name FROM wp_options WHERE option_name LIKE '%\\_updater.lock' ESCAPE '\\'"


@dataclass(frozen=True)
class Story:
    """A release, and what has to become of it."""

    name: str
    """As in `tests.fakes.points`."""
    slug: str
    body: str
    kind: Kind
    result: Result
    ends_with: LeafRole | None
    """The leaf that ends the change on the site; none: the site does it by itself."""

    @property
    def acts(self) -> dict[LeafRole, int]:
        """How often each leaf has to run."""
        return {role: int(role in {LeafRole.ACT, self.ends_with}) for role in LeafRole}

    def package(self, version: str) -> bytes | None:
        return zipped(plugin_files(self.slug, version, self.body)) if self.body else None


GOOD = Story("a good update", "good", "", Kind.GOOD, Result.SUCCEEDED, LeafRole.CLOSE)
BAD = Story("a bad update", "bad", OTHER_TITLE, Kind.GOOD, Result.ROLLED_BACK, LeafRole.TAKE_BACK)
FATAL = Story("an update that the site takes back by itself", "fatal", "", Kind.FATAL, Result.ROLLED_BACK, None)

LATER = Story("a release that nobody has asked for", "later", "", Kind.GOOD, Result.SUCCEEDED, LeafRole.CLOSE)


@dataclass(frozen=True)
class Told:
    """What became of one change, counted from outside."""

    change: Change
    acts: Mapping[LeafRole, int]
    """How often each of its leaves ran, by role."""
    upgrades: int
    twice: int
    lost: tuple[str, ...]
    """What is not as it has to be."""


@dataclass
class Works:
    plane: Plane
    updates: UpdateServer
    room: Path
    offers: dict[Shop, Offer]
    people: tuple[PersonId, PersonId]
    _versions: int = 0

    @classmethod
    def on(cls, plane: Plane, updates: UpdateServer, room: Path, offers: dict[Shop, Offer]) -> Works:
        async def join(tx: Tx) -> tuple[PersonId, PersonId]:
            owner = await identity.owner(tx)
            mail = f"otto-{new_id()[:8]}@example.org"
            asker = await identity.add_person(tx, name="Otto", mail=mail, grant=Grant(Role.OPERATOR), by=owner.id, now=plane.now())
            return asker.id, owner.id

        return cls(plane, updates, room, offers, plane.write(join))

    @classmethod
    @contextmanager
    def of(cls, plane: Plane, updates: UpdateServer, shops: tuple[Shop, ...], room: Path) -> Iterator[Works]:
        """With these sites, paired for as long as this is open."""
        for shop in shops:
            shop.unpair()
            shop.site.use_updates(updates.url)
            shop.site.clear_events()
        offers = pair_all(plane, shops, "changes")
        yield cls.on(plane, updates, room, offers)
        part_all(plane, offers)
        for shop in shops:
            shop.site.use_updates(None)

    @property
    def shops(self) -> tuple[Shop, ...]:
        return tuple(self.offers)

    def install(self, story: Story) -> None:
        plugin = write_plugin(self.room / new_id(), story.slug, "1.0")
        together(lambda shop: shop.site.install_plugin(plugin), self.shops)

    def offer(self, story: Story) -> str:
        """The next version is offered to every site, and they have told so."""
        self._versions += 1
        version = f"1.0.{self._versions}"
        self.updates.offer(story.slug, version, story.kind, package=story.package(version))
        together(self._hear_of_it, self.shops)
        return version

    def release(self, story: Story, *, asleep: str = "") -> list[Running]:
        """The next version is offered, asked for, and agreed to. `asleep`: the process that is stopped before it can hear of that."""
        for shop in self.shops:
            shop.site.clear_events()
        was = dict(zip(self.shops, together(lambda shop: served_by(shop, story.slug), self.shops), strict=True))
        version = self.offer(story)
        self.plane.settled([one for shop in self.shops for one in self.plane.ask(self.offers[shop].site, "wp.site.health")])
        package = self.updates.sha256(story.slug)
        items = tuple(
            Item(
                self.offers[shop].site, self.offers[shop].installation, shop.gate.url, "wp.plugin.update",
                f"plugin:{story.slug}/{story.slug}.php", version, {"active": True, "version": was[shop]}, package,
            )
            for shop in self.shops
        )  # fmt: skip
        asker, approver = self.people

        async def agree(tx: Tx) -> Proposal:
            now = self.plane.now()
            draft = Draft(Source.PERSON, Actor("person", asker), f"Update {story.slug} to {version}", items, (), None)
            filed, _ = await approvals.submit(tx, draft, correlation=CorrelationId(new_id()), now=now)
            seen = AtTerminal(local=True, tty=True, typed=consent.typed_confirmation(filed))
            await consent.say_yes(tx, filed.id, approver, digest=filed.plan.digest, evidence=seen, release=rollouts.release, now=now)
            return filed

        if asleep:
            self.plane.freeze(asleep)
        filed = self.plane.write(agree, rings=True)
        found = {work.site: work for work in self.plane.read(lambda tx: rollouts.work_of(tx, filed.id))}
        work = {shop: found[self.offers[shop].site] for shop in self.shops}
        return [Running(shop, work[shop].site, work[shop].id, work[shop].changes[0], was[shop]) for shop in self.shops]

    def has_ended(self, running: Running) -> bool:
        return self.plane.read(lambda tx: rollouts.work(tx, WorkId(running.work))).state is WorkState.ENDED

    def ended(self, running: Sequence[Running], seconds: float = 240) -> None:
        until(lambda: all(self.has_ended(one) for one in running), f"the work ends, {self.plane.log('dispatcher')}", seconds)

    def told(self, story: Story, running: Running, *, may_be: Sequence[Result] = ()) -> Told:
        """Everything that has to hold of a change that ended. `may_be`: other results that are honest here."""
        change, proposal = self._read(running)
        entries = Counter(kind for (kind,) in self.plane.rows(f"SELECT kind FROM audit_events WHERE subject = 'change:{running.change}'"))
        ran = running.shop.ran()
        leaves = [leaf for leaf in proposal.plan.leaves if leaf.site == running.site]
        acts = {leaf.role: ran[leaf.call] for leaf in leaves}
        component = f"{story.slug}/{story.slug}.php"
        upgrades = sum(
            component in json.dumps(each["extra"]).replace("\\/", "/") for each in running.shop.site.events("upgrader_process_complete")
        )
        wrong = [] if change.result in {story.result, *may_be} else [f"ended {change.result}: {change.code} {change.says}"]
        version = served_by(running.shop, story.slug)
        if version != (change.version if change.result is Result.SUCCEEDED else running.was):
            wrong.append(f"{version} is served after {change.result}")
        wrong += [f"{kind} is written {entries[kind]} times" for kind in ("change.began", "change.ended") if entries[kind] != 1]
        wrong += left_behind(running.shop)
        locks = self.plane.rows(f"SELECT work FROM site_locks WHERE installation = '{self.offers[running.shop].installation}'")
        wrong += [f"work {held} has the site still" for (held,) in locks]
        return Told(change, acts, upgrades, twice(ran) + (upgrades > 1), tuple(wrong))

    def at_peace(self) -> None:
        """A person closes what incidents these changes left, so that the next one may run."""

        async def close(tx: Tx) -> None:
            for one in await incidents.list_incidents(tx, only_open=True):
                await incidents.close(tx, one.id, "seen", by=self.people[1], now=self.plane.now())

        self.plane.write(close)

    def _read(self, running: Running) -> tuple[Change, Proposal]:
        async def look(tx: Tx) -> tuple[Change, Proposal]:
            change = await rollouts.change(tx, ChangeId(running.change))
            return change, await proposals.proposal(tx, change.proposal)

        return self.plane.read(look)

    def _hear_of_it(self, shop: Shop) -> None:
        shop.site.php(ASK)
        done = shop.beat()
        assert done.code == 0, (done, self.plane.log("web"), self.plane.log("serve"))


def settings_for(updates: UpdateServer) -> dict[str, str]:
    """A control plane that fetches packages from there, and watches a change for a second."""
    mirror = f"downloads.wordpress.org={updates.url}/downloads.wordpress.org"
    return {"PRESSWARDEN_HEALTH_SECONDS": "1", "PRESSWARDEN_PACKAGE_HOSTS": mirror}


def served_by(shop: Shop, slug: str) -> str:
    """The version that a visitor gets."""
    with urllib.request.urlopen(f"{shop.site.url}/wp-json/{slug}/v1/version", timeout=60) as answer:
        return str(json.load(answer)["version"])


def left_behind(shop: Shop) -> list[str]:
    """What no change may leave on a site."""
    found = [".maintenance is left"] if (shop.site.root / ".maintenance").exists() else []
    found += [f"{row['option_name']} is left" for row in shop.site.query(LOCKS)]
    upgrade = shop.site.content / "upgrade"
    return found + [f"upgrade/{path.name} is left" for path in sorted(upgrade.glob("*")) if path.name != "index.php"]


def twice(counted: Counter[str]) -> int:
    return sum(count > 1 for count in counted.values())
