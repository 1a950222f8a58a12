"""Verbs of policy documents: file one, confirm one, and the rules in force for a site.

A document that is nowhere laxer than the one before holds at once, by one owner. A laxer one needs a second owner; where there is only one, it holds after 15
minutes, and not within a day of a removal. Limits: what a document may say is `policy.document`'s; a filed version never changes, a newer one takes its place.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Final

from presswarden.approvals.documents import store
from presswarden.approvals.model import PolicyDocument, PolicyNotActivated, PolicyUnknown
from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.identity import service as identity
from presswarden.identity.model import Permission, Role
from presswarden.kernel.canonical import Json, encode
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import PersonId, SiteId, new_id
from presswarden.policy import document as documents
from presswarden.policy import drafts
from presswarden.policy.model import AFTER_A_REMOVAL
from presswarden.policy.rules import NONE, Operations, Rules, merge
from presswarden.sites import service as sites

ALONE_DELAY: Final = timedelta(minutes=15)
ORGANISATION: Final = ""
"""The scope of a document for the whole organisation."""


async def rules_for(tx: Tx, wanted: Iterable[SiteId], *, now: datetime) -> Mapping[SiteId, Rules]:
    """The rules in force for each of these sites: the strictest of the organisation's document and the site's own."""
    scopes = await store.scopes(tx.org, tx)
    whole = await _in_force(tx, ORGANISATION, now) if ORGANISATION in scopes else NONE
    found: dict[SiteId, Rules] = {}
    for site in dict.fromkeys(wanted):
        found[site] = merge(whole, await _in_force(tx, site, now)) if site in scopes else whole
    return found


def version_of(rules: Mapping[SiteId, Rules]) -> str:
    """One name for the documents in force for all these sites: 64 hex digits."""
    return hashlib.sha256("\n".join(sorted({one.digest for one in rules.values()})).encode()).hexdigest()


async def activate_policy(
    tx: Tx, document: Mapping[str, Json], *, scope: str = ORGANISATION, by: PersonId, now: datetime
) -> PolicyDocument:
    """File a new version, and put it in force where one owner may. Raises `PolicyInvalid`, `Forbidden`, `SiteUnknown`."""
    await identity.require(tx, by, Permission.POLICY_SET)
    rules = documents.read(document)
    if document.get("status") != "active":
        raise PolicyNotActivated("The document itself says that it is not active.", do="Set its `status` to active.", where="/status")
    if scope != ORGANISATION:
        await sites.site_of(tx, SiteId(scope))
    before = await store.versions(tx.org, tx, scope, now)
    digest = hashlib.sha256(encode(document)).hexdigest()
    filed = PolicyDocument(
        org=tx.org, scope=scope, version=before[0].version + 1 if before else 1, digest=digest, document=document, active=False,
        set_by=by, set_at=now, from_when=None, confirmed_by=None,
    )  # fmt: skip
    await store.add(tx.org, tx, filed)
    await _record(tx, "policy.filed", by, filed, now)
    if nowhere_laxer(rules, await _in_force(tx, scope, now)):
        return await _put_in_force(tx, filed, by, now, now)
    if await _one_owner(tx, now):
        return await _put_in_force(tx, filed, by, now, now + ALONE_DELAY)
    return filed


async def policy_scopes(tx: Tx) -> tuple[str, ...]:
    """Every scope that has a document of its own; the organisation's is the empty one, and stands first."""
    return tuple(sorted(await store.scopes(tx.org, tx)))


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would become of a document if it were filed now."""

    differs: tuple[str, ...]
    at_once: bool
    """It is nowhere laxer than what is in force."""
    alone: bool
    """There is one owner, and nobody left lately: it would hold after the delay. Else another owner confirms it."""


async def outlook(tx: Tx, document: Mapping[str, Json], *, scope: str = ORGANISATION, now: datetime) -> Outlook:
    """Raises `PolicyInvalid`. Writes nothing."""
    rules, before = documents.read(document), await _in_force(tx, scope, now)
    return Outlook(documents.difference(before, rules), nowhere_laxer(rules, before), await _one_owner(tx, now))


async def draft_of(tx: Tx, scope: str = ORGANISATION, *, now: datetime) -> dict[str, Json]:
    """A document to change: the one in force for this scope, or one that says what holds without any."""
    found = await policy_at(tx, scope, now=now)
    return drafts.base(found.document if found else None, policy_id=f"pol_{new_id()}", concerns=scope or tx.org, at=now)


async def hold(
    tx: Tx, component: str, version: str, until: date, reason: str, *, scope: str = ORGANISATION, by: PersonId, now: datetime
) -> PolicyDocument:
    """Hold this version of a component back: a new version of the document, one hold stricter. Raises as `activate_policy` does."""
    document = await draft_of(tx, scope, now=now)
    held = drafts.with_hold(document, component=component, version=version, until=until, reason=reason, at=now)
    return await activate_policy(tx, held, scope=scope, by=by, now=now)


async def confirm_policy(tx: Tx, version: int, *, scope: str = ORGANISATION, by: PersonId, now: datetime) -> PolicyDocument:
    """A second owner's word for a version that waits. Raises `PolicyUnknown`, `PolicyNotActivated`, `Forbidden`."""
    await identity.require(tx, by, Permission.POLICY_SET)
    newest = await store.versions(tx.org, tx, scope, now)
    found = next((one for one in newest if one.version == version), None)
    if found is None:
        raise PolicyUnknown("There is no such version of this policy.", do="List them with `presswarden policy show`.")
    if found.from_when is not None:
        return found
    if found.set_by == by:
        raise PolicyNotActivated("Whoever filed it can't be the second owner.", do="Ask another owner.")
    if any(one.version > version for one in newest):
        raise PolicyNotActivated("A newer version was filed after it.", do="Confirm the newest, or file this one again.")
    return await _put_in_force(tx, found, by, now, now)


async def policy_at(tx: Tx, scope: str = ORGANISATION, *, now: datetime) -> PolicyDocument | None:
    """The version in force; None where no document is."""
    return next((one for one in await store.versions(tx.org, tx, scope, now) if one.active), None)


async def policy_versions(tx: Tx, scope: str = ORGANISATION, *, now: datetime) -> tuple[PolicyDocument, ...]:
    """Every version of one scope, newest first."""
    return await store.versions(tx.org, tx, scope, now)


def nowhere_laxer(fresh: Rules, before: Rules) -> bool:
    """True when putting the older rules beside the new ones would change nothing: then the new ones are as strict everywhere."""
    if before.digest == NONE.digest:  # the defaults are what holds without a document, so they are what a first one is measured by
        before = replace(NONE, digest="built-in", given=frozenset(one.name for one in fields(Operations)))
    both = merge(before, fresh)
    names = [one.name for one in fields(Rules) if one.name not in {"digest", "given", "operations"}]
    if any(getattr(both, name) != getattr(fresh, name) for name in names):
        return False
    mine, theirs = both.operations, fresh.operations
    as_sets = {"windows": (), "holds": ()}
    same_lists = frozenset(mine.windows) == frozenset(theirs.windows) and frozenset(mine.holds) == frozenset(theirs.holds)
    return same_lists and replace(mine, **as_sets) == replace(theirs, **as_sets)  # type: ignore[arg-type]  # both are tuples, and empty


async def _one_owner(tx: Tx, now: datetime) -> bool:
    """The only owner, and not because others were put out a moment ago."""
    owners = [one for one in await identity.people(tx) if Role.OWNER in one.roles]
    removed_at = await identity.last_removal(tx)
    return len(owners) == 1 and (removed_at is None or now - removed_at >= AFTER_A_REMOVAL)


async def _in_force(tx: Tx, scope: str, now: datetime) -> Rules:
    found = await policy_at(tx, scope, now=now)
    return NONE if found is None else documents.read(found.document)


async def _put_in_force(tx: Tx, filed: PolicyDocument, by: PersonId, now: datetime, from_when: datetime) -> PolicyDocument:
    await store.activate(tx.org, tx, filed.scope, filed.version, by=by, at=now, from_when=from_when)
    after = replace(filed, active=from_when <= now, from_when=from_when, confirmed_by=by)
    await _record(tx, "policy.activated", by, after, now)
    return after


async def _record(tx: Tx, kind: str, by: PersonId, document: PolicyDocument, now: datetime) -> None:
    told: dict[str, Json] = {
        "scope": document.scope,
        "version": document.version,
        "digest": document.digest,
        "from": "" if document.from_when is None else document.from_when.isoformat(timespec="seconds"),
    }
    await audit.record(tx, Entry(kind, Actor("person", by), f"policy:{document.scope or tx.org}", new_id(), told), now=now)
