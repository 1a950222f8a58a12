"""`presswarden snapshot`: what a site keeps, and the wish to restore or delete one. Limits: both are proposals of their own; nothing runs from here."""

from collections.abc import Mapping
from typing import Annotated

import typer

from presswarden.approvals.wanting import want_snapshot
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import from_unix
from presswarden.mailbox import wishes
from presswarden.mailbox.model import Outcome, RequestState
from presswarden.proposals.snapshots import LIST, Act, kept_in, of_id
from presswarden.sites import service as sites
from presswarden.sites.model import Site
from presswarden.surfaces.cli import updating
from presswarden.surfaces.cli.asking import PATIENCE, Unanswered, wait_for
from presswarden.surfaces.cli.desk import Counter, Desk
from presswarden.surfaces.cli.output import document, moment, table
from presswarden.surfaces.cli.sites import SiteName

Id = Annotated[str, typer.Argument(metavar="SNAPSHOT", help="The snapshot's id, from `presswarden snapshot list`.")]
Seconds = Annotated[float, typer.Option(min=1, max=3600, help="How long to wait for the result, once it may run.")]


def commands(counter: Counter) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="Snapshots that a site keeps: list, restore, delete.", rich_markup_mode=None)

    @app.command("list")
    def list_(context: typer.Context, site: SiteName) -> None:
        """List the snapshots that lie on a site, newest first. They never leave it."""
        counter.serve(context, lambda desk: _list(desk, site))

    @app.command("restore")
    def restore(
        context: typer.Context,
        site: SiteName,
        snapshot: Id,
        database: Annotated[
            bool, typer.Option("--database", help="The tables, not the files: what was written since is lost, users stay. Critical.")
        ] = False,
        seconds: Seconds = 900.0,
    ) -> None:
        """Ask for a snapshot to be put back: high risk, and critical for the database."""
        counter.serve(context, lambda desk: _wish(desk, site, snapshot, Act.DATABASE if database else Act.FILES, seconds))

    @app.command("delete")
    def delete(context: typer.Context, site: SiteName, snapshot: Id, seconds: Seconds = 900.0) -> None:
        """Ask for a snapshot to be deleted: high risk, because it is a way back less."""
        counter.serve(context, lambda desk: _wish(desk, site, snapshot, Act.DELETE, seconds))

    return app


async def _list(desk: Desk, name: str) -> int:
    site, kept = await _read(desk, name)
    if desk.json:
        print(document({"site": site.id, "snapshots": [dict(each) for each in kept]}))
        return 0
    if not kept:
        print("The site keeps no snapshot.")
        return 0
    rows = [
        (
            str(each.get("id", "")),
            str(each.get("component", "")),
            str(each.get("version", "")),
            moment(from_unix(created)) if isinstance(created := each.get("created"), int) else "",
            str(each.get("state", "")),
            "yes" if each.get("database") is True else "no",
            str(each.get("bytes", "")),
        )
        for each in kept
    ]
    print(table(("SNAPSHOT", "COMPONENT", "VERSION", "MADE", "STATE", "DATABASE", "BYTES"), rows))
    return 0


async def _wish(desk: Desk, name: str, snapshot: str, act: Act, seconds: float) -> int:
    site, kept = await _read(desk, name)
    of = of_id(kept, snapshot)
    async with desk.database.transaction(desk.org) as tx:
        proposal, decision = await want_snapshot(tx, site.id, of, act, by=desk.person.id, now=desk.clock.now())
    return await updating.settle(desk, proposal, decision, seconds=seconds)


async def _read(desk: Desk, name: str) -> tuple[Site, tuple[Mapping[str, Json], ...]]:
    """The site and what it says it keeps, asked this moment."""
    async with desk.database.transaction(desk.org) as tx:
        site = await sites.find_site(tx, name)
        filed = await wishes.read(tx, site.id, LIST, by=desk.person.id, now=desk.clock.now())
    settled = await wait_for(desk, filed.id, seconds=PATIENCE, ring=True)
    outcome = settled.outcome or Outcome(RequestState.UNKNOWN)
    if outcome.state is not RequestState.DONE:
        raise Unanswered(settled, outcome)
    return site, kept_in(outcome.result)
