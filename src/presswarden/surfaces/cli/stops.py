"""`presswarden stop`, `resume` and `stops`: the kill switch, of whatever reach.

A stop asks nothing. A resume is an owner's, with a reason, typed at this terminal: no flag and no pipe can stand for it. Limits: what a site's own admin paused
stays paused; only that admin lifts it.
"""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from presswarden.gate import service as gate
from presswarden.gate.model import Stop, StopScope
from presswarden.identity import service as identity
from presswarden.identity.clients import service as clients
from presswarden.identity.model import Permission
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import unix
from presswarden.kernel.errors import PresswardenError
from presswarden.mailbox import service as mailbox
from presswarden.sites import service as sites
from presswarden.surfaces import stopping
from presswarden.surfaces.cli.consenting import at_a_terminal
from presswarden.surfaces.cli.desk import Counter, Desk
from presswarden.surfaces.cli.output import document, moment, table

_Site = Annotated[str, typer.Option(help="Only this site: id, label or home URL.")]
_Client = Annotated[str, typer.Option(help="Only this client's sites: id or name.")]
_Agent = Annotated[str, typer.Option(help="Only this agent: what it asks for and what it recommended.")]
_Everything = Annotated[bool, typer.Option("--everything", help="Every organisation of this installation.")]


class ResumeRefused(PresswardenError):
    """A resume is typed by a person at a terminal."""

    code = "gate.resume_refused"


class WhichStop(PresswardenError):
    """More than one reach was named."""

    code = "usage.stop"


def register(app: typer.Typer, counter: Counter) -> None:
    @app.command("stop")
    def stop(
        context: typer.Context, site: _Site = "", client: _Client = "", agent: _Agent = "", everything: _Everything = False,
        reason: Annotated[str, typer.Option(help="Why, in a few words: whoever is refused reads it.")] = "",
        until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"], help="A maintenance: ends by itself then (UTC).")] = None,
    ) -> None:  # fmt: skip
        """Stop at once: nothing new starts; what is open on a site reaches its safe end. Without an option: the whole organisation."""
        ends = None if until is None else until.replace(tzinfo=UTC)
        counter.serve(context, lambda desk: _stop(desk, _named(site, client, agent, everything=everything), reason, ends))

    @app.command("resume")
    def resume(
        context: typer.Context, reason: Annotated[str, typer.Option(help="Why it may go on: it stands in the record.")],
        site: _Site = "", client: _Client = "", agent: _Agent = "", everything: _Everything = False,
    ) -> None:  # fmt: skip
        """Lift a stop: an owner, at a terminal. Where one person alone may approve, it ends fifteen minutes later."""
        counter.serve(context, lambda desk: _resume(desk, _named(site, client, agent, everything=everything), reason))

    @app.command("stops")
    def stops(context: typer.Context) -> None:
        """List what is stopped now."""
        counter.serve(context, _list)


def _named(site: str, client: str, agent: str, *, everything: bool) -> tuple[StopScope, str]:
    told = {
        StopScope.SITE: site,
        StopScope.CLIENT: client,
        StopScope.AGENT: agent,
        StopScope.EVERYTHING: "everything" if everything else "",
    }
    found = [(scope, name) for scope, name in told.items() if name]
    if len(found) > 1:
        raise WhichStop("A stop has one reach.", do="Name one of --site, --client, --agent and --everything, or none for the organisation.")
    return found[0] if found else (StopScope.ORGANISATION, "")


async def _subject(desk: Desk, named: tuple[StopScope, str]) -> str:
    scope, name = named
    async with desk.database.reading(desk.org) as tx:
        if scope is StopScope.SITE:
            return (await sites.find_site(tx, name)).id
        if scope is StopScope.CLIENT:
            return (await clients.client(tx, name)).id
    return name if scope is StopScope.AGENT else ""


async def _stop(desk: Desk, named: tuple[StopScope, str], reason: str, until: datetime | None) -> int:
    subject = await _subject(desk, named)
    stop = await stopping.throw(desk, desk.org, desk.person.id, named[0], subject, reason, until)
    await desk.wake.ring(mailbox.DISPATCH)
    ends = "" if stop.until is None else f" It ends by itself at {moment(stop.until)}."
    print(document(_plain(stop)) if desk.json else f"Stopped: {_what(stop)}. Nothing new starts; what is open reaches its safe end.{ends}")
    return 0


async def _resume(desk: Desk, named: tuple[StopScope, str], reason: str) -> int:
    if not at_a_terminal():
        raise ResumeRefused("Resuming is typed at a terminal, after it was thought about.", do="Run it on a terminal of this machine.")
    subject, word = await _subject(desk, named), desk.organisation.name
    async with desk.database.reading(desk.org) as tx:
        await identity.require(tx, desk.person.id, Permission.SITE_RESUME)
    print(f"What was stopped may start again. Type the organisation's name, {word}, to resume: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != word:
        raise ResumeRefused("That is not the organisation's name. Nothing was resumed.", do="Run it again.")
    ending = await stopping.lift(desk, desk.org, desk.person.id, named[0], subject, reason)
    await desk.wake.ring(mailbox.DISPATCH)
    if desk.json:
        print(document({"resumed": ending is None, "ends_at": None if ending is None or ending.until is None else unix(ending.until)}))
    else:
        print(
            "Resumed."
            if ending is None
            else f"One person alone may approve here: it ends at {moment(ending.until)}. A stop until then undoes that."
        )
    return 0


async def _list(desk: Desk) -> int:
    async with desk.database.reading(desk.org) as tx:
        await identity.require(tx, desk.person.id, Permission.SITE_SEE)
        found = await gate.stops(tx, desk.clock.now())
    if desk.json:
        print(document([_plain(one) for one in found]))
        return 0
    if not found:
        print("Nothing is stopped.")
        return 0
    rows = [(_what(one), moment(one.since), "a person resumes" if one.until is None else moment(one.until), one.reason) for one in found]
    print(table(("STOPPED", "SINCE", "UNTIL", "WHY"), rows))
    return 0


def _what(stop: Stop) -> str:
    return f"{stop.scope} {stop.subject}".strip()


def _plain(stop: Stop) -> dict[str, Json]:
    return {
        "scope": stop.scope.value, "subject": stop.subject, "reason": stop.reason, "by": stop.by, "since": unix(stop.since),
        "until": None if stop.until is None else unix(stop.until),
    }  # fmt: skip
