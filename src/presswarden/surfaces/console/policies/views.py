"""What the pages of policies show. Limits: values gathered; what a document means is told by the policy's own sentences."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from presswarden.approvals import service as approvals
from presswarden.approvals.model import PolicyDocument, PolicyUnknown
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import SiteId, new_id
from presswarden.policy import document as documents
from presswarden.policy import drafts, presets
from presswarden.policy.presets import Preset
from presswarden.policy.rules import NONE
from presswarden.reports.changed.service import names
from presswarden.sites import service as sites
from presswarden.surfaces.console import sight
from presswarden.surfaces.console.policies import form
from presswarden.surfaces.console.visit import Visit

ORGANISATION = "organisation"
_PRESETS: Mapping[Preset, tuple[str, str]] = {
    Preset.CAUTIOUS: ("Cautious", "Sites are observed, every change has a yes, updates wait longest."),
    Preset.BALANCED: ("Balanced", "The usual choice: changes with a yes, translations without one, new releases wait a little."),
    Preset.HANDS_OFF: ("Hands-off", "What risk and confidence allow runs by itself; people are asked for the rest."),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a document concerns: the organisation (""), or a site."""

    id: str
    path: str
    title: str


@dataclass(frozen=True, slots=True)
class Listed:
    scope: Scope
    standing: str
    kind: str
    version: int
    waiting: int
    """A newer version that waits for another owner or its time; 0 for none."""
    set_at: datetime | None


@dataclass(frozen=True, slots=True)
class List:
    listed: tuple[Listed, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Version:
    document: PolicyDocument
    standing: str
    kind: str
    by: str
    confirmed_by: str
    may_confirm: bool


@dataclass(frozen=True, slots=True)
class Held:
    component: str
    version: str
    until: str
    reason: str
    over: bool


@dataclass(frozen=True, slots=True)
class Policy:
    scope: Scope
    found: Version | None
    sentences: tuple[str, ...]
    versions: tuple[Version, ...]
    holds: tuple[Held, ...]
    presets: tuple[tuple[str, str, str], ...]
    may_set: bool


@dataclass(frozen=True, slots=True)
class Editor:
    scope: Scope
    groups: tuple[form.Group, ...]
    window: form.Window
    days: tuple[tuple[str, str], ...]
    text: str
    from_: str
    """What the editor was filled from, in words."""
    problem: str
    where: str
    may_set: bool


@dataclass(frozen=True, slots=True)
class OneVersion:
    scope: Scope
    version: Version
    sentences: tuple[str, ...]
    differs: tuple[str, ...]
    against: str
    text: str


async def scope_of(tx: Tx, visit: Visit, path: str, permission: Permission) -> Scope:
    """Raises `SiteUnknown`, `Forbidden`."""
    if path == ORGANISATION:
        await identity.require(tx, visit.person.id, permission)
        return Scope("", ORGANISATION, "The whole organisation")
    site = await sight.site(tx, visit, path)
    await identity.require(tx, visit.person.id, permission, site=site.id)
    return Scope(site.id, site.id, site.label)


async def listed(tx: Tx, visit: Visit, now: datetime) -> List:
    """The organisation's document, and those of sites that this person may see."""
    await identity.require(tx, visit.person.id, Permission.POLICY_SEE)
    own = [one for one in await approvals.policy_scopes(tx) if one]
    labels = {each.id: each.label for each in await sites.some_sites(tx, [SiteId(one) for one in own])}
    scopes = [
        Scope("", ORGANISATION, "The whole organisation"),
        *(Scope(one, one, labels[SiteId(one)]) for one in own if SiteId(one) in labels),
    ]
    found = await approvals.policy_at(tx, now=now)
    rules = documents.read(found.document) if found else NONE
    return List(tuple([await _listed(tx, scope, now) for scope in scopes]), documents.summary(rules))


async def policy(tx: Tx, visit: Visit, scope: Scope, now: datetime) -> Policy:
    versions, people = await approvals.policy_versions(tx, scope.id, now=now), await names(tx)
    shown = tuple(_version(each, versions, people, visit, now) for each in versions)
    found = next((each for each in shown if each.document.active), None)
    rules = documents.read(found.document.document) if found else NONE
    today = now.date()
    holds = tuple(
        Held(hold.component, hold.versions.text, hold.until.isoformat(), hold.reason, hold.until < today) for hold in rules.operations.holds
    )
    offered = tuple((preset.value, *_PRESETS[preset]) for preset in Preset)
    return Policy(scope, found, documents.summary(rules), shown, holds, offered, visit.may(Permission.POLICY_SET))


async def editor(
    tx: Tx, visit: Visit, scope: Scope, now: datetime, *, preset: str = "", text: str = "", problem: str = "", where: str = ""
) -> Editor:
    if preset in set(Preset):
        document: Mapping[str, Json] = presets.document(Preset(preset), policy_id=f"pol_{new_id()}", concerns=scope.id or tx.org, at=now)
        words = f"the preset {_PRESETS[Preset(preset)][0]}"
    else:
        document, words = await approvals.draft_of(tx, scope.id, now=now), "what is in force now"
    return Editor(
        scope, form.groups(document), form.window(document), form.DAYS, text or form.written(document), words, problem, where,
        visit.may(Permission.POLICY_SET),
    )  # fmt: skip


async def one_version(tx: Tx, visit: Visit, scope: Scope, number: int, now: datetime) -> OneVersion:
    """Raises `PolicyUnknown`."""
    versions, people = await approvals.policy_versions(tx, scope.id, now=now), await names(tx)
    found = next((each for each in versions if each.version == number), None)
    if found is None:
        raise PolicyUnknown("There is no such version of this policy.", do="Look at the list of its versions.")
    before = next((each for each in versions if each.version == number - 1), None)
    rules = documents.read(found.document)
    differs = documents.difference(documents.read(before.document) if before else NONE, rules)
    against = f"version {before.version}" if before else "the built-in defaults"
    return OneVersion(
        scope, _version(found, versions, people, visit, now), documents.summary(rules), differs, against, form.written(found.document)
    )


async def lifted(tx: Tx, scope: Scope, component: str, version: str, now: datetime) -> dict[str, Json]:
    """The document without this hold."""
    return drafts.without_hold(await approvals.draft_of(tx, scope.id, now=now), component, version, at=now)


async def _listed(tx: Tx, scope: Scope, now: datetime) -> Listed:
    versions = await approvals.policy_versions(tx, scope.id, now=now)
    active = next((one for one in versions if one.active), None)
    waits = versions[0].version if versions and not versions[0].active else 0
    if active is None:
        return Listed(scope, "The built-in defaults hold", "unknown", 0, waits, None)
    return Listed(scope, "In force", "ok", active.version, waits, active.set_at)


def _version(one: PolicyDocument, versions: tuple[PolicyDocument, ...], people: Mapping[str, str], visit: Visit, now: datetime) -> Version:
    newest = versions[0].version
    if one.active:
        kind, standing = "ok", "In force"
    elif one.from_when is None:
        kind, standing = ("wait", "Waits for another owner") if one.version == newest else ("unknown", "Never came into force")
    else:
        kind, standing = ("wait", "Comes into force") if one.from_when > now else ("unknown", "Was in force")
    may = one.from_when is None and one.version == newest and one.set_by != visit.person.id and visit.may(Permission.POLICY_SET)
    confirmed = people.get(one.confirmed_by, "somebody who left") if one.confirmed_by else ""
    return Version(one, standing, kind, people.get(one.set_by, "somebody who left"), confirmed, may)
