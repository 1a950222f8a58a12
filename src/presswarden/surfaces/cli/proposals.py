"""`presswarden proposal`: list, show, adopt, approve, reject. Limits: people answer here; filing an update is `site update`'s."""

from pathlib import Path
from typing import Annotated

import typer

from presswarden.approvals import consent
from presswarden.audit.model import Actor
from presswarden.gate import service as gate
from presswarden.identity import service as identity
from presswarden.identity.model import Permission, may
from presswarden.kernel.ids import ProposalId
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal, ProposalState
from presswarden.sites import service as sites
from presswarden.surfaces.cli import bulk, consenting, proposal_pages
from presswarden.surfaces.cli.desk import Counter, Desk
from presswarden.surfaces.cli.output import document, moment, table
from presswarden.surfaces.cli.sites import Reason
from presswarden.telemetry.model import shown

Id = Annotated[str, typer.Argument(metavar="PROPOSAL", help="The proposal's id.")]
_STANDING = (ProposalState.RECOMMENDED, ProposalState.WAITING, ProposalState.APPROVED)


def commands(counter: Counter) -> typer.Typer:
    app = typer.Typer(
        no_args_is_help=True, help="Proposals: what is recommended or wanted, and the answers of people.", rich_markup_mode=None
    )

    @app.command("list")
    def list_(
        context: typer.Context,
        site: Annotated[str, typer.Option(help="Only this site: id, label or home.")] = "",
        state: Annotated[ProposalState | None, typer.Option(help="Only this state.")] = None,
        everything: Annotated[bool, typer.Option("--all", help="Ended, rejected and expired ones too.")] = False,
        limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 100,
    ) -> None:
        """List proposals, newest first."""
        states = (state,) if state else tuple(ProposalState) if everything else _STANDING
        counter.serve(context, lambda desk: _list(desk, site, states, limit))

    @app.command("plan")
    def plan(
        context: typer.Context,
        site: Annotated[list[str] | None, typer.Option(help="A site: id, label or home. More than once for more. Default: all.")] = None,
        component: Annotated[list[str] | None, typer.Option(help="This component alone, such as core. More than once for more.")] = None,
    ) -> None:
        """File the updates that sites are offered, one proposal for each component of each site. Agrees to none of them."""
        if not site and not component:
            raise typer.BadParameter("Name a --site, a --component, or both.")
        counter.serve(context, lambda desk: bulk.plan_many(desk, site or [], component or []))

    @app.command("show")
    def show(context: typer.Context, proposal: Id) -> None:
        """Show one proposal: what speaks against it, how much it touches, what exactly would be sent, the way back, the policy's word."""
        counter.serve(context, lambda desk: _show(desk, ProposalId(proposal)))

    @app.command("adopt")
    def adopt(context: typer.Context, proposal: Id) -> None:
        """Make a recommendation yours: from then on you count as the one who asks."""
        counter.serve(context, lambda desk: _adopt(desk, ProposalId(proposal)))

    @app.command("approve")
    def approve(
        context: typer.Context,
        proposal: Id,
        passkey: Annotated[bool, typer.Option("--passkey", help="Print the challenge and read the assertion from standard input.")] = False,
        assertion: Annotated[Path | None, typer.Option(help="Read the passkey's assertion (JSON) from this file instead.")] = None,
    ) -> None:
        """Say yes: typed at this terminal after reading the page, or with a passkey."""
        counter.serve(context, lambda desk: consenting.approve(desk, ProposalId(proposal), passkey=passkey, assertion=assertion))

    @app.command("reject")
    def reject(context: typer.Context, proposal: Id, reason: Reason = "") -> None:
        """Say no: that ends it."""
        counter.serve(context, lambda desk: _reject(desk, ProposalId(proposal), reason))

    return app


async def _list(desk: Desk, site: str, states: tuple[ProposalState, ...], limit: int) -> int:
    async with desk.database.reading(desk.org) as tx:
        only = (await sites.find_site(tx, site)).id if site else None
        listed = await proposals.listed(tx, states=states, site=only, limit=limit)
        found = [each for each in listed if all(may(desk.person, Permission.SITE_SEE, one) for one in each.sites)]
        if not found:
            await identity.require(tx, desk.person.id, Permission.SITE_SEE, site=only)
        labels = {each.id: each.label for each in await sites.list_sites(tx)}
    if desk.json:
        print(document([proposal_pages.plain_line(each) for each in found]))
        return 0
    if not found:
        print("No proposal." if len(states) > len(_STANDING) else "Nothing is recommended, waits or runs.")
        return 0
    rows = [_row(each, labels[each.sites[0]] if each.sites and each.sites[0] in labels else "") for each in found]
    print(table(("PROPOSAL", "SITE", "WHAT", "STATE", "RISK", "CONFIDENCE", "APPROVE BY"), rows))
    return 0


def _row(each: Proposal, label: str) -> tuple[str, ...]:
    more = f" and {len(each.sites) - 1} more" if len(each.sites) > 1 else ""
    sure = "" if each.confidence is None else f"{int(each.confidence * 100 + 1e-9)} %"
    return each.id, label + more, each.title, each.state.value, each.risk.value, sure, moment(each.approve_by)


async def _show(desk: Desk, proposal: ProposalId) -> int:
    async with desk.database.reading(desk.org) as tx:
        page = await proposal_pages.gather(desk, tx, proposal)
    print(document(proposal_pages.plain(page)) if desk.json else proposal_pages.text(page, desk.clock.now()))
    return 0


async def _adopt(desk: Desk, proposal: ProposalId) -> int:
    async with desk.database.transaction(desk.org) as tx:
        asked = await proposals.proposal(tx, proposal)
        for site in asked.sites:
            await identity.require(tx, desk.person.id, Permission.PROPOSE, site=site)
        await gate.require_running(tx, asked.sites, gate.begun_by(asked), now=desk.clock.now())
        adopted = await proposals.adopt(tx, proposal, Actor("person", desk.person.id), desk.clock.now())
    if desk.json:
        print(document(proposal_pages.plain_line(adopted)))
        return 0
    print(
        f"It is yours now: {shown(adopted.title)}. Whoever adopts counts as asking, so another person approves, unless you are the only one who may."
    )
    print(f"Next: presswarden proposal approve {proposal}")
    return 0


async def _reject(desk: Desk, proposal: ProposalId, reason: str) -> int:
    async with desk.database.transaction(desk.org) as tx:
        asked = await proposals.proposal(tx, proposal)
        after = await consent.say_no(tx, proposal, desk.person.id, digest=asked.plan.digest, reason=reason, now=desk.clock.now())
    print(document(proposal_pages.plain_line(after)) if desk.json else "Rejected. Nothing comes of it.")
    return 0
