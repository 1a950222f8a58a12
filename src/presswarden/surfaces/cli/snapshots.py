"""`presswarden snapshot`: what a site keeps, and the wish to restore or delete one. Limits: both are proposals of their own; nothing runs from here."""

from typing import Annotated

import typer

from presswarden.approvals import service as approvals
from presswarden.audit.model import Actor
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import from_unix
from presswarden.kernel.errors import NotFound
from presswarden.kernel.ids import CorrelationId, new_id
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import Outcome, RequestState
from presswarden.proposals.model import Draft, Evidence, Item, Source
from presswarden.sites import service as sites
from presswarden.sites.model import Site, SiteNotPaired
from presswarden.surfaces.cli import updating
from presswarden.surfaces.cli.asking import PATIENCE, Unanswered, wait_for
from presswarden.surfaces.cli.desk import Counter, Desk
from presswarden.surfaces.cli.output import document, moment, table
from presswarden.surfaces.cli.sites import SiteName

Id = Annotated[str, typer.Argument(metavar="SNAPSHOT", help="The snapshot's id, from `presswarden snapshot list`.")]
Seconds = Annotated[float, typer.Option(min=1, max=3600, help="How long to wait for the result, once it may run.")]


class SnapshotUnknown(NotFound):
    code = "snapshot.unknown"


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
        args: dict[str, Json] = {"change": "", "scope": "database" if database else "files", "snapshot": snapshot}
        counter.serve(context, lambda desk: _wish(desk, site, snapshot, "wp.snapshot.restore", args, seconds))

    @app.command("delete")
    def delete(context: typer.Context, site: SiteName, snapshot: Id, seconds: Seconds = 900.0) -> None:
        """Ask for a snapshot to be deleted: high risk, because it is a way back less."""
        counter.serve(context, lambda desk: _wish(desk, site, snapshot, "wp.snapshot.delete", {"snapshot": snapshot}, seconds))

    return app


async def _list(desk: Desk, name: str) -> int:
    site, kept = await _read(desk, name)
    if desk.json:
        print(document({"site": site.id, "snapshots": kept}))
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


async def _wish(desk: Desk, name: str, snapshot: str, tool: str, args: dict[str, Json], seconds: float) -> int:
    site, kept = await _read(desk, name)
    of = next((each for each in kept if each.get("id") == snapshot), None)
    if of is None:
        raise SnapshotUnknown("The site keeps no such snapshot.", do="List them with `presswarden snapshot list`.", where=snapshot)
    if site.installation is None:
        raise SiteNotPaired("The site is not paired.", do="Pair it first.")
    component, version = str(of.get("component", "")), str(of.get("version", ""))
    verb = "Delete" if tool.endswith(".delete") else f"Put back the {args['scope']} of"
    against = (
        "A deleted snapshot is a way back less."
        if tool.endswith(".delete")
        else "What was written or changed since the snapshot is lost: content, orders, settings."
        if args["scope"] == "database"
        else "The files that stand there now are replaced by older ones."
    )
    wanted = Item(site.id, site.installation, site.home, tool, component, version if tool.endswith(".restore") else "", {}, "", args)
    title = f"{verb} the snapshot of {component} {version} on {site.label}"[:200]
    draft = Draft(Source.PERSON, Actor("person", desk.person.id), title, (wanted,), (Evidence("asked", against, against=True),), None)
    async with desk.database.transaction(desk.org) as tx:
        proposal, decision = await approvals.submit(tx, draft, correlation=CorrelationId(new_id()), now=desk.clock.now())
    return await updating.settle(desk, proposal, decision, seconds=seconds)


async def _read(desk: Desk, name: str) -> tuple[Site, list[dict[str, Json]]]:
    """The site and what it says it keeps, asked this moment."""
    async with desk.database.transaction(desk.org) as tx:
        site = await sites.find_site(tx, name)
        await identity.require(tx, desk.person.id, Permission.SITE_READ, site=site.id)
        filed = await mailbox.ask(
            tx,
            site.id,
            "wp.snapshot.list",
            {},
            by=Actor("person", desk.person.id),
            correlation=CorrelationId(new_id()),
            now=desk.clock.now(),
        )
    settled = await wait_for(desk, filed.id, seconds=PATIENCE, ring=True)
    outcome = settled.outcome or Outcome(RequestState.UNKNOWN)
    if outcome.state is not RequestState.DONE:
        raise Unanswered(settled, outcome)
    kept = outcome.result.get("snapshots")
    return site, [dict(each) for each in kept if isinstance(each, dict)] if isinstance(kept, list) else []
