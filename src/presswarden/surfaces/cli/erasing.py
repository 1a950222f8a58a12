"""`presswarden person export` and `erase`: what is kept about somebody, for them; and letting it go after they left. Limits: an owner's; erasing is typed."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from presswarden.identity import service as identity
from presswarden.identity.accounts import service as accounts
from presswarden.kernel.errors import PresswardenError
from presswarden.reports.people import service as people
from presswarden.surfaces.cli.consenting import at_a_terminal
from presswarden.surfaces.cli.desk import Counter, Desk
from presswarden.surfaces.cli.output import document

_Who = Annotated[str, typer.Argument(help="Their mail address or id.")]


class NotTyped(PresswardenError):
    """An erasure is typed by a person at a terminal."""

    code = "usage.erasure"


class FileThere(PresswardenError):
    code = "usage.file"


def export(counter: Counter) -> Callable[..., None]:
    def command(
        context: typer.Context,
        person: _Who,
        to: Annotated[Path | None, typer.Option(help="A new file, mode 0600. Default: standard output.")] = None,
    ) -> None:
        """Everything that is kept about a person, as one JSON document for them; no secret is in it."""
        counter.serve(context, lambda desk: _export(desk, person, to))

    return command


def erase(counter: Counter) -> Callable[..., None]:
    def command(context: typer.Context, person: _Who) -> None:
        """Forget somebody: removes them where they are still there, then their name, address and what the record's payloads tell of them. At a terminal."""
        counter.serve(context, lambda desk: _erase(desk, person))

    return command


async def _export(desk: Desk, person: str, to: Path | None) -> int:
    async with desk.database.transaction(desk.org) as tx:
        found = document(await people.export(tx, person, by=desk.person.id, now=desk.clock.now()))
        if to is not None:
            _write(to, found)
    print(f"Written to {to}." if to is not None else found)
    return 0


def _write(to: Path, text: str) -> None:
    try:
        with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as fault:
        raise FileThere(f"{to} can't be written ({fault.strerror}).", do="Name a new file in a folder of yours.") from fault


async def _erase(desk: Desk, person: str) -> int:
    if not at_a_terminal():
        raise NotTyped("Erasing somebody is typed at a terminal, after it was thought about.", do="Run it on a terminal of this machine.")
    async with desk.database.reading(desk.org) as tx:
        who = await identity.anybody(tx, person)
    print(f"{who.name} <{who.mail}> will be forgotten; nothing brings that back. Type their address, {who.mail}, to go on: ",
          end="", file=sys.stderr, flush=True)  # fmt: skip
    if sys.stdin.readline().strip() != who.mail:
        raise NotTyped("That is not their address. Nothing was changed.", do="Run it again.")
    now = desk.clock.now()
    async with desk.database.transaction(desk.org) as tx:
        if who.removed_at is None:
            await accounts.remove_person(tx, who.id, by=desk.person.id, now=now)
        await people.erase(tx, who.id, by=desk.person.id, now=now)
    said = "Erased. What the record's payloads tell of them goes within ten minutes; entries, hashes and what they agreed to stay under their id."
    print(document({"erased": who.id}) if desk.json else said)
    return 0
