"""Tells what changed on sites in a time. Limits: reads; whoever asks has seen to it that the person may see these sites."""

from collections.abc import Collection
from datetime import datetime

from presswarden.approvals import service as approvals
from presswarden.audit import service as audit
from presswarden.identity import service as identity
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import ProposalId, SiteId
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal
from presswarden.reports.changed.model import Story, who
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Change
from presswarden.sites import service as sites


async def names(tx: Tx) -> dict[str, str]:
    """Everyone's name by id; whoever left is only an id."""
    return {one.id: one.name for one in await identity.people(tx)}


async def stories(
    tx: Tx,
    *,
    only: Collection[SiteId] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 200,
) -> tuple[Story, ...]:
    """What changed on the sites of `only` (None: on all), newest first."""
    return await of_changes(tx, await rollouts.history(tx, sites=only, since=since, until=until, limit=limit))


async def of_changes(tx: Tx, found: Collection[Change]) -> tuple[Story, ...]:
    """The stories of these changes, in their order."""
    people = await names(tx)
    labels = {each.id: each.label for each in await sites.some_sites(tx, {change.site for change in found})}
    asked = {each: await _asked(tx, each, people) for each in dict.fromkeys(change.proposal for change in found)}
    ended = await audit.newest_about(tx, "change.ended", [f"change:{change.id}" for change in found])
    told = []
    for change in found:
        proposal, agreed = asked[change.proposal]
        told.append(
            Story(
                change,
                labels.get(change.site, change.site),
                proposal.title,
                who(proposal.proposer, people),
                agreed,
                proposal.plan.digest,
                ended.get(f"change:{change.id}"),
            )
        )
    return tuple(told)


async def _asked(tx: Tx, named: ProposalId, people: dict[str, str]) -> tuple[Proposal, tuple[str, ...]]:
    proposal = await proposals.proposal(tx, named)
    return proposal, tuple(people.get(each.person, each.person) for each in await approvals.answers(tx, named) if each.yes)
