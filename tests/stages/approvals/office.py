"""An office: an organisation with its people, paired sites that are fit for a change, and what is offered there. On each database.

Limits: rows of sites are written as a pairing leaves them; no site answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lab.authenticator import Authenticator
from presswarden.approvals import consent
from presswarden.approvals import service as approvals
from presswarden.approvals.model import AtTerminal, Evidence, Party, Passkey, Tapped
from presswarden.audit import service as audit
from presswarden.audit.model import Actor
from presswarden.identity import service as identity
from presswarden.identity.model import Grant, Role
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Database
from presswarden.kernel.ids import CorrelationId, InstallationId, KeyId, OrgId, PersonId, ProposalId, SiteId, SnapshotId, new_id
from presswarden.policy.model import Decision, Mode
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Draft, Item, Proposal, Source
from presswarden.rollouts import service as rollouts
from presswarden.sites import store as rows
from presswarden.sites.model import Algorithm, Installation, InstallationState
from presswarden.telemetry import service as telemetry
from presswarden.telemetry.model import inventory_hash
from tests.fakes.clock import FrozenClock

PARTY = Party("consent.example", "https://consent.example")
SHOP_PLUGIN = "plugin:tiny/tiny.php"
ANALYST = Actor("process", "analyst")
INVENTORY: dict[str, dict[str, Json]] = {
    "core": {"locale": "en_US", "version": "7.1"},
    "php": {"version": "8.2.7"},
    "plugin:tiny/tiny.php": {
        "active": True, "auto_update": False, "known": True, "link": False, "name": "Tiny", "same_device": True, "version": "1.0.0",
    },
    "server": {"os": "Linux"},
    "update:core": {"package": True, "requires_php": "7.4", "version": "7.2"},
    "update:plugin:tiny/tiny.php": {"package": True, "requires_php": "7.4", "requires_wp": "6.0", "url": "", "version": "1.0.1"},
}  # fmt: skip


@dataclass(frozen=True)
class Paired:
    site: SiteId
    installation: InstallationId
    home: str

    @property
    def id(self) -> InstallationId:
        return self.installation


@dataclass
class Office:
    database: Database
    clock: FrozenClock
    org: OrgId
    olga: PersonId
    """The first owner."""
    keys: dict[PersonId, Authenticator] = field(default_factory=dict)
    seq: int = 0

    async def person(self, name: str, role: Role = Role.APPROVER, *, site: SiteId | None = None) -> PersonId:
        async with self.database.transaction(self.org) as tx:
            mail = f"{name.lower()}@example.org"
            made = await identity.add_person(tx, name=name, mail=mail, grant=Grant(role, site), by=self.olga, now=self.clock.now())
        return made.id

    async def passkey(self, person: PersonId, *, algorithm: str = "es256", seed: str = "") -> Passkey:
        """Register a software authenticator for this person."""
        authenticator = Authenticator(seed or person, PARTY.rp_id, PARTY.origin, algorithm)
        async with self.database.transaction(self.org) as tx:
            out = await approvals.begin_passkey(tx, person, PARTY, now=self.clock.now())
            made = await approvals.add_passkey(tx, person, authenticator.register(out.challenge), name="key", now=self.clock.now())
        self.keys[person] = authenticator
        return made

    async def site(self, label: str = "shop") -> Paired:
        """A paired site that is fit for a change now."""
        now, made = self.clock.now(), Paired(SiteId(new_id()), InstallationId(new_id()), f"https://{label}.example")
        installation = Installation(
            org=self.org, id=made.installation, site=made.site, state=InstallationState.PAIRED, alg=Algorithm.ED25519, home=made.home,
            control_url="https://control.example", control_key=KeyId("0" * 16), control_public=b"", control_epoch=1, site_epoch=1, seq=0,
            last_message_at=None, created_at=now, expires_at=now, used_at=now, paired_at=now, revoked_at=None, revocation_told_at=None,
            words="", connector="", php="", wordpress="", wanted_paused=False,
        )  # fmt: skip
        async with self.database.transaction(self.org) as tx:
            await rows.add_site(self.org, tx, made.site, label, now)
            await rows.add_installation(self.org, tx, installation, b"")
        await self.heard(made)
        return made

    async def heard(self, at: Paired, components: Mapping[str, Mapping[str, Json]] = INVENTORY, **health: Json) -> None:
        """A heartbeat with this inventory, and a health read that finds nothing wrong."""
        now = self.clock.now()
        self.seq += 1
        second = int(now.timestamp())
        body: dict[str, Json] = {
            "bind": {}, "checkpoint": "", "connector": "0.1.0", "epoch": 1, "fence": 0, "home": at.home, "inventory": components,
            "inventory_hash": inventory_hash(components), "paused": "", "refusals": {}, "repair": "", "seq": self.seq, "sent_at": second, "v": 1,
        }  # fmt: skip
        well: dict[str, Json] = {
            "as_of": second, "disk_free": 10**12, "file_mods": True, "files_direct": True, "watchdog": True, "site_time": second, **health,
        }  # fmt: skip
        async with self.database.transaction(self.org) as tx:
            await telemetry.expect(tx, at.installation, at.site, now)
            await telemetry.take_heartbeat(tx, at, body, now)
            await telemetry.record_read(tx, at.site, "wp.site.health", well, now)

    def item(self, at: Paired, **more: object) -> Item:
        """The plugin's offered patch update."""
        whole: dict[str, object] = {
            "site": at.site, "installation": at.installation, "home": at.home, "tool": "wp.plugin.update", "component": SHOP_PLUGIN,
            "version": "1.0.1", "before": {"active": True, "version": "1.0.0"}, "package": "a" * 64, "args": {},
        }  # fmt: skip
        return Item(**{**whole, **more})  # type: ignore[arg-type]  # of the field's own name

    def core(self, at: Paired) -> Item:
        """The major update of WordPress itself: critical."""
        return self.item(at, tool="wp.core.update", component="core", version="7.2", before={"version": "7.1"})

    async def submit(
        self, *items: Item, by: Actor | PersonId | None = None, confidence: float | None = None, title: str = "Update Tiny"
    ) -> tuple[Proposal, Decision]:
        actor = by if isinstance(by, Actor) else Actor("person", by or self.olga)
        source = Source.ANALYST if actor.kind == "process" else Source.PERSON
        draft = Draft(source, actor, title, items, (), confidence)
        async with self.database.transaction(self.org) as tx:
            return await approvals.submit(tx, draft, correlation=CorrelationId(new_id()), now=self.clock.now())

    async def look(self, proposal: ProposalId) -> Proposal:
        async with self.database.reading(self.org) as tx:
            return await proposals.proposal(tx, proposal)

    def typed(self, proposal: Proposal, **more: object) -> AtTerminal:
        whole: dict[str, object] = {"local": True, "tty": True, "typed": consent.typed_confirmation(proposal)}
        return AtTerminal(**{**whole, **more})  # type: ignore[arg-type]  # of the field's own name

    def tapped(self, proposal: Proposal, person: PersonId) -> Tapped:
        return Tapped(self.keys[person].sign(approvals.challenge(proposal.plan.digest)))

    async def yes(
        self,
        proposal: Proposal,
        person: PersonId,
        evidence: Evidence | None = None,
        *,
        digest: str = "",
        reason: str = "",
        read_seconds: int | None = None,
    ) -> Decision:
        """Say yes with the person's passkey if there is one, else at the terminal."""
        given = evidence or (self.tapped(proposal, person) if person in self.keys else self.typed(proposal))
        async with self.database.transaction(self.org) as tx:
            return await consent.say_yes(
                tx,
                proposal.id,
                person,
                digest=digest or proposal.plan.digest,
                evidence=given,
                release=rollouts.release,
                now=self.clock.now(),
                reason=reason,
                read_seconds=read_seconds,
            )

    async def no(self, proposal: Proposal, person: PersonId, reason: str = "not today") -> Proposal:
        async with self.database.transaction(self.org) as tx:
            return await consent.say_no(tx, proposal.id, person, digest=proposal.plan.digest, reason=reason, now=self.clock.now())

    async def verified(self, at: Paired, snapshot: SnapshotId | None = None) -> None:
        async with self.database.transaction(self.org) as tx:
            await approvals.snapshot_confirmed(tx, at.site, snapshot or SnapshotId(new_id()), now=self.clock.now())

    async def mode(self, at: Paired, mode: Mode) -> None:
        async with self.database.transaction(self.org) as tx:
            await approvals.set_mode(tx, at.site, mode, by=self.olga, now=self.clock.now())

    async def kinds(self, kind: str) -> list[Mapping[str, Json]]:
        """The payloads of all entries of a kind in the record."""
        async with self.database.reading(self.org) as tx:
            return [dict(one.payload or {}) for one in await audit.events(tx, kind=kind, limit=100)]

    def later(self, **by: float) -> datetime:
        return self.clock.advance(**by)


async def opened(database: Database, clock: FrozenClock, org: OrgId) -> Office:
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, "Agency", "Olga", "olga@example.org", clock.now())
        (owner,) = await identity.people(tx)
    clock.advance(days=2)
    return Office(database, clock, org, owner.id)
