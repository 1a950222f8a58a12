"""Verbs around an answer: a page was opened, put off for later; how attentively people answer. Limits: none of it is an answer."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from presswarden.approvals import store
from presswarden.approvals.model import Attention, Given
from presswarden.approvals.reviews import store as reviews
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import PersonId, ProposalId
from presswarden.proposals import service as proposals

HASTY: Final = 10
"""Seconds within which nobody reads a plan."""
LONGEST_PUT_OFF: Final = timedelta(days=7)


async def opened(tx: Tx, proposal: ProposalId, person: PersonId) -> datetime | None:
    """When this person first had the page open; None: never."""
    return await reviews.seen_at(tx.org, tx, proposal, person)


async def note_opened(tx: Tx, proposal: ProposalId, person: PersonId, *, now: datetime) -> None:
    """Write down that the page was opened. Only the first time counts. Raises `ProposalUnknown`."""
    await proposals.proposal(tx, proposal)
    await reviews.put(tx.org, tx, proposal, person, seen_at=now)


async def put_off(tx: Tx, proposal: ProposalId, person: PersonId, *, until: datetime, now: datetime) -> None:
    """Leave it out of this person's inbox until then, at most a week; for everybody else it stays. Raises `ProposalUnknown`."""
    await proposals.proposal(tx, proposal)
    await reviews.put(tx.org, tx, proposal, person, later_until=min(until, now + LONGEST_PUT_OFF))


async def forget_reviews(tx: Tx, gone: Collection[ProposalId]) -> None:
    """Of proposals that are let go."""
    await reviews.forget(tx.org, tx, gone)


async def put_off_by(tx: Tx, person: PersonId, *, now: datetime) -> frozenset[ProposalId]:
    return await reviews.put_off(tx.org, tx, person, now)


async def yes_counts(tx: Tx, wanted: Collection[ProposalId]) -> Mapping[ProposalId, int]:
    """How many said yes to each, in one query; 0 is left out."""
    return await store.counted(tx.org, tx, tuple(wanted)) if wanted else {}


async def answered_by(tx: Tx, person: PersonId, wanted: Collection[ProposalId]) -> frozenset[ProposalId]:
    """Which of these this person said yes or no to."""
    return await store.said_by(tx.org, tx, person, tuple(wanted)) if wanted else frozenset()


async def given_by(tx: Tx, person: PersonId) -> tuple[Given, ...]:
    """Everything that this person ever said yes or no to."""
    return await store.given_by(tx.org, tx, person)


async def attention(tx: Tx, *, since: datetime) -> tuple[Attention, ...]:
    """How people answered since then, whoever answered most first."""
    by: dict[PersonId, list[Given]] = {}
    for given in await store.given_since(tx.org, tx, since):
        by.setdefault(given.person, []).append(given)
    found = [_attention(person, given) for person, given in by.items()]
    return tuple(sorted(found, key=lambda one: (-(one.yes + one.no), one.person)))


def _attention(person: PersonId, given: list[Given]) -> Attention:
    took = [one.read_seconds for one in given if one.read_seconds is not None]
    return Attention(
        person,
        yes=sum(one.yes for one in given),
        no=sum(not one.yes for one in given),
        median_seconds=int(median(took)) if took else None,
        hasty=sum(one.yes and one.read_seconds is not None and one.read_seconds < HASTY for one in given),
    )
