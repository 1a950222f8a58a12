"""A plan's bytes: what is wanted becomes a header and leaves, their texts, their root, and the proof of each leaf (contract/wire.md, 3 and 12).

Pure: ids and times come in. Beside each act the plan holds what may have to follow it (closing, taking back, switching off), so that one yes covers
the way back too. Limits: says nothing of whether any of it may run.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from presswarden.actions.catalogue import check_args
from presswarden.actions.model import Risk
from presswarden.kernel import merkle
from presswarden.kernel.canonical import Json, encode
from presswarden.kernel.clock import unix
from presswarden.kernel.ids import CallId, ChangeId, OrgId, ProposalId, SnapshotId
from presswarden.proposals.model import Item, Leaf, LeafRole, Plan, PlanRefused

UPDATES: Final = frozenset({"wp.plugin.update", "wp.connector.update", "wp.theme.update", "wp.core.update", "wp.translation.update"})
SWITCHES: Final = frozenset({"wp.plugin.activate", "wp.plugin.deactivate"})
ALONE: Final = frozenset({"wp.snapshot.delete", "wp.snapshot.restore", "wp.maintenance.clear"})
"""Acts that open no change."""

DEADLINE: Final = 900
"""Seconds within which somebody must say that the change is good; else the watchdog takes it back."""
WAY_BACK: Final = timedelta(hours=24)
"""So much longer than its acts a plan's closing and taking back stay good: as long as a snapshot counts."""
LONGEST: Final = timedelta(seconds=604_800) - WAY_BACK
"""Of the time in which acts may start."""
MOST_LEAVES: Final = 99_999


class _Wanted(NamedTuple):
    """A leaf before it has a place and a text."""

    role: LeafRole
    item: Item
    tool: str
    args: Mapping[str, Json]
    before: Mapping[str, Json]
    package: str
    change: ChangeId
    snapshot: SnapshotId | None


def make(
    *,
    plan: ProposalId,
    org: OrgId,
    items: Sequence[Item],
    level: Risk,
    approvals: int,
    not_before: datetime,
    not_after: datetime,
    ids: Callable[[], str],
) -> Plan:
    """The plan of `items`. Acts may start from `not_before` to `not_after`. Raises `PlanRefused`, or `ArgsInvalid` for arguments that don't fit."""
    _check(items, level, not_before, not_after)
    wanted = [leaf for item in items for leaf in _around(item, ids)]
    if len(wanted) > MOST_LEAVES:
        raise PlanRefused(f"A plan has at most {MOST_LEAVES} leaves.", do="Split it.")
    header: dict[str, Json] = {
        "actions": len(wanted),
        "approvals": approvals,
        "level": level.value,
        "not_after": unix(not_after + WAY_BACK),
        "not_before": unix(not_before),
        "org": org,
        "plan": plan,
        "v": 1,
    }
    leaves = tuple(_leaf(one, index, plan, not_before, not_after, ids) for index, one in enumerate(wanted, start=1))
    text = encode(header).decode()
    return Plan(text, leaves, merkle.root(_hashes(text, leaves)).hex(), not_before, not_after)


def size(plan: Plan) -> int:
    """Leaves of the tree, the header among them."""
    return 1 + len(plan.leaves)


def proofs(plan: Plan, index: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The proofs of the header and of leaf `index` as the wire carries them. Raises `ValueError` for an index that is no leaf's."""
    if not 1 <= index <= len(plan.leaves):
        raise ValueError("no leaf has this index")
    hashes = _hashes(plan.header, plan.leaves)
    top, bottom = merkle.inclusion_proof(hashes, 0), merkle.inclusion_proof(hashes, index)
    return tuple(one.hex() for one in top), tuple(one.hex() for one in bottom)


def is_whole(plan: Plan) -> bool:
    """True when the digest is the root of the texts: asked of what was read back from a table."""
    return merkle.root(_hashes(plan.header, plan.leaves)).hex() == plan.digest


def _hashes(header: str, leaves: Sequence[Leaf]) -> list[bytes]:
    return [merkle.leaf_hash(header.encode()), *(merkle.leaf_hash(leaf.text.encode()) for leaf in leaves)]


def _check(items: Sequence[Item], level: Risk, not_before: datetime, not_after: datetime) -> None:
    if not items:
        raise PlanRefused("There is nothing to do in it.", do="Name at least one action.")
    if level is Risk.NONE:
        raise PlanRefused("What changes a site has a risk.", do="File it through the policy, which says which.")
    if not not_before < not_after <= not_before + LONGEST:
        raise PlanRefused("A plan is good for at most six days, and a day more for its way back.", do="Shorten the policy's hours.")
    seen: set[tuple[str, str, str]] = set()
    for item in items:
        if item.tool not in UPDATES | SWITCHES | ALONE:
            raise PlanRefused("A plan changes a site; this tool does not, or only as a part of another change.", do="Ask for it directly.")
        thing = (item.site, item.component, "" if item.component else item.tool + str(item.args))
        if thing in seen:
            raise PlanRefused("The same thing stands in the plan twice.", do="Name each component of a site once.")
        seen.add(thing)
        if item.package and (len(item.package) != 64 or set(item.package) - set("0123456789abcdef")):
            raise PlanRefused("A package is named by the 64 hex digits of its SHA-256.", do="Leave it empty when nobody fetched it.")
        if any(not isinstance(value, str | bool | int) for value in item.before.values()):
            raise PlanRefused("What a site must show is made of texts, numbers and switches.", do="Take it from the inventory.")


def _around(item: Item, ids: Callable[[], str]) -> Iterator[_Wanted]:
    """The act, and what may have to follow it."""
    change = ChangeId(ids())
    if item.tool in ALONE:
        # The wire names no change here; our own records of what became of the act still need one.
        named = item.args.get("snapshot")
        snapshot = SnapshotId(named) if isinstance(named, str) else None
        yield _Wanted(LeafRole.ACT, item, item.tool, item.args, item.before, item.package, change, snapshot)
        return
    snapshot = None if item.args.get("snapshot") == "" else SnapshotId(ids())
    more = {key: value for key, value in item.args.items() if key != "snapshot"}
    args: dict[str, Json] = {**more, "change": change, "component": item.component, "deadline": DEADLINE, "snapshot": snapshot or ""}
    if item.tool in UPDATES:
        args["version"] = item.version
    yield _Wanted(LeafRole.ACT, item, item.tool, args, item.before, item.package, change, snapshot)
    if snapshot is None and item.tool in SWITCHES:
        return  # nothing could take it back, so it opens no change
    yield _Wanted(LeafRole.CLOSE, item, "wp.change.close", {"change": change}, {}, "", change, snapshot)
    if snapshot is not None:
        back: dict[str, Json] = {"change": change, "scope": "files", "snapshot": snapshot}
        yield _Wanted(LeafRole.TAKE_BACK, item, "wp.snapshot.restore", back, {}, "", change, snapshot)
    if item.tool == "wp.plugin.update":
        off: dict[str, Json] = {"change": ids(), "component": item.component, "deadline": DEADLINE, "snapshot": ""}
        yield _Wanted(LeafRole.DEACTIVATE, item, "wp.plugin.deactivate", off, {}, "", change, None)
    yield _Wanted(LeafRole.CLOSE_AGAIN, item, "wp.change.close", {"change": change}, {}, "", change, snapshot)


def _leaf(wanted: _Wanted, index: int, plan: ProposalId, not_before: datetime, not_after: datetime, ids: Callable[[], str]) -> Leaf:
    check_args(wanted.tool, wanted.args)
    call = CallId(ids())
    until = not_after if wanted.role is LeafRole.ACT else not_after + WAY_BACK
    text: dict[str, Json] = {
        "args": wanted.args,
        "aud": wanted.item.home,
        "before": wanted.before,
        "not_after": unix(until),
        "not_before": unix(not_before),
        "package": wanted.package,
        "plan": plan,
        "tool": wanted.tool,
        "tool_call_id": call,
        "v": 1,
    }
    return Leaf(
        index=index,
        role=wanted.role,
        site=wanted.item.site,
        installation=wanted.item.installation,
        call=call,
        tool=wanted.tool,
        args=wanted.args,
        text=encode(text).decode(),
        change=wanted.change,
        snapshot=wanted.snapshot,
        component=wanted.item.component,
    )
