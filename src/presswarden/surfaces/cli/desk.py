"""What a command works at: the database, the clock, the wake-up, one organisation, and the person it acts for.

Limits: the command line trusts the machine's user; whoever can read the database file is the operator. Each command opens its own transactions.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import typer

from presswarden.identity.model import Organisation, Person
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import Everyone, OrgId
from presswarden.kernel.wake import Wake
from presswarden.surfaces.cli import output
from presswarden.surfaces.problems import USAGE, exit_code


@dataclass(frozen=True, slots=True)
class Desk:
    database: Database
    clock: Clock
    wake: Wake
    url: str
    organisation: Organisation
    person: Person
    json: bool
    driver: Mapping[str, str]
    """What the environment tells the database's driver: with it an address that names no host can lead to another machine."""
    everyone: Everyone
    """For what the machine's operator may do to all organisations at once: stop them."""

    @property
    def org(self) -> OrgId:
        return self.organisation.id


OpenDesk = Callable[[typer.Context], AbstractAsyncContextManager[Desk]]


class Counter:
    """Hands a command its desk, runs it, and turns its failure into words and an exit code."""

    def __init__(self, open_desk: OpenDesk) -> None:
        self._open_desk = open_desk

    def serve(self, context: typer.Context, command: Callable[[Desk], Awaitable[int]]) -> None:
        """Run `command`; its number is the exit code (problems.exit_code lists them)."""

        async def at_the_desk() -> int:
            async with self._open_desk(context) as desk:
                return await command(desk)

        raise typer.Exit(run(at_the_desk, as_json=wants_json(context)))


class Misused(PresswardenError):
    """What was typed is no command of this program."""

    code = "usage.command"


def misused(wrong: typer.TyperException, *, as_json: bool) -> int:
    """Print what is wrong with the words that were typed; its exit code. A command group named alone shows its help."""
    where = getattr(wrong, "ctx", None)
    says = wrong.format_message().replace(": Value error, ", ": ")  # the library's own word, which tells nobody anything
    if where is not None and says == where.get_help():
        print(says, file=sys.stderr)
        return USAGE
    fault = Misused(says, do=f"See: {where.command_path if where is not None else 'presswarden'} --help")
    print(output.problem(fault, as_json=as_json), file=sys.stderr)
    return exit_code(fault.code)


def wants_json(context: typer.Context) -> bool:
    return bool(context.find_root().params.get("json"))


def run(work: Callable[[], Awaitable[int]], *, as_json: bool) -> int:
    """The exit code of `work`; an expected failure is printed, an interruption ends quietly."""

    async def whole() -> int:
        return await work()

    try:
        return asyncio.run(whole())
    except PresswardenError as fault:
        print(output.problem(fault, as_json=as_json), file=sys.stderr)
        return exit_code(fault.code)
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
