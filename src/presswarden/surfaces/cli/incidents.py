"""`presswarden incident`: what looked wrong, and what it makes the gate refuse; a person closes it."""

from typing import Annotated

import typer

from presswarden.identity import service as identity
from presswarden.identity.model import Permission, may
from presswarden.incidents import service as incidents
from presswarden.incidents.model import KINDS, Incident, Signal, containment_of
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import unix
from presswarden.kernel.ids import IncidentId
from presswarden.proposals import service as proposals
from presswarden.sites import service as sites
from presswarden.surfaces.cli.desk import Counter, Desk
from presswarden.surfaces.cli.output import age, document, moment, pairs, table


def commands(counter: Counter) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="Incidents: what looked wrong on a site.", rich_markup_mode=None)

    @app.command("list")
    def list_(
        context: typer.Context,
        site: Annotated[str, typer.Option(help="Only this site: id, label or home.")] = "",
        everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    ) -> None:
        """List incidents, newest signal first."""
        counter.serve(context, lambda desk: _list(desk, site, everything=everything))

    @app.command("show")
    def show(context: typer.Context, incident: Annotated[str, typer.Argument(help="The incident's id.")]) -> None:
        """Show one incident with its signals."""
        counter.serve(context, lambda desk: _show(desk, IncidentId(incident)))

    @app.command("close")
    def close(
        context: typer.Context,
        incident: Annotated[str, typer.Argument(help="The incident's id.")],
        reason: Annotated[str, typer.Option(help="What was found, for the record.")],
    ) -> None:
        """Close an incident that was looked into; what it held back may go on."""
        counter.serve(context, lambda desk: _close(desk, IncidentId(incident), reason))

    return app


async def _close(desk: Desk, incident: IncidentId, reason: str) -> int:
    async with desk.database.transaction(desk.org) as tx:
        closed = await incidents.close(tx, incident, reason, by=desk.person.id, now=desk.clock.now())
    await desk.wake.ring(proposals.RELEASE)
    print(document(_plain(closed)) if desk.json else f"Closed. {KINDS[closed.kind].says}")
    return 0


async def _list(desk: Desk, site: str, *, everything: bool) -> int:
    async with desk.database.reading(desk.org) as tx:
        only = (await sites.find_site(tx, site)).id if site else None
        listed = await incidents.list_incidents(tx, site=only, only_open=not everything)
        found = [each for each in listed if may(desk.person, Permission.INCIDENT_SEE, each.site)]
        if not found:
            await identity.require(tx, desk.person.id, Permission.INCIDENT_SEE, site=only)
        labels = {each.id: each.label for each in await sites.list_sites(tx)}
    if desk.json:
        print(document([_plain(each) for each in found]))
        return 0
    if not found:
        print("No incident." if everything else "No open incident.")
        return 0
    now = desk.clock.now()
    rows = [(each.id, labels.get(each.site, each.site), each.kind, each.state, str(each.signals), age(each.last_at, now)) for each in found]
    print(table(("INCIDENT", "SITE", "KIND", "STATE", "SIGNALS", "LAST"), rows))
    return 0


async def _show(desk: Desk, incident: IncidentId) -> int:
    async with desk.database.reading(desk.org) as tx:
        found, signals = await incidents.show(tx, incident)
        await identity.require(tx, desk.person.id, Permission.INCIDENT_SEE, site=found.site)
    if desk.json:
        print(document({**_plain(found), "signals_seen": [_signal(each) for each in signals]}))
        return 0
    kind, bites = KINDS[found.kind], containment_of(found)
    print(
        pairs(
            {
                "incident": found.id,
                "site": found.site,
                "what": kind.says,
                "state": f"{found.state} ({kind.severity})",
                "opened": moment(found.opened_at),
                "last signal": moment(found.last_at),
                "contained": "reads only until a person decides" if bites else "nothing",
                "next": kind.do,
            }
        )
    )
    for each in signals:
        print(f"\n{moment(each.at)}")
        print(pairs({f"  {name}": str(value) for name, value in each.detail.items()}))
    return 0


def _plain(incident: Incident) -> dict[str, Json]:
    return {
        "id": incident.id, "site": incident.site, "kind": incident.kind.value, "state": incident.state.value,
        "severity": incident.severity.value, "signals": incident.signals, "opened_at": unix(incident.opened_at), "last_at": unix(incident.last_at),
        "contained": containment_of(incident) is not None, "says": KINDS[incident.kind].says, "do": KINDS[incident.kind].do,
    }  # fmt: skip


def _signal(signal: Signal) -> dict[str, Json]:
    return {"at": unix(signal.at), "detail": dict(signal.detail)}
