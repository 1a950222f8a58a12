"""`presswarden`: the one program. Starts processes, and opens a desk for the commands of `surfaces.cli`. Limits: it reads settings and decides nothing."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from presswarden.identity import service as identity
from presswarden.kernel import log
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.ids import EVERYONE
from presswarden.kernel.wake import PostgresWake
from presswarden.processes import home
from presswarden.processes.settings import Settings
from presswarden.surfaces.cli import addresses, audit, changes, incidents, limits, people, policies, proposals, sites, snapshots, stops
from presswarden.surfaces.cli.desk import Counter, Desk, misused, run, wants_json
from presswarden.surfaces.cli.output import document
from presswarden.surfaces.problems import FAILED

app = typer.Typer(
    name="presswarden", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="The control plane for WordPress fleets: only signed, approved, reversible actions reach a site.",
)  # fmt: skip


@app.callback()
def everywhere(
    _context: typer.Context,
    home: Annotated[
        Path | None, typer.Option(help="The installation's folder. Default: PRESSWARDEN_HOME, else the user's data folder.")
    ] = None,
    org: Annotated[str, typer.Option(help="The organisation, by name or id. Default: the only one.")] = "",
    acting: Annotated[str, typer.Option("--as", help="Who you are: mail address or id. Default: the only owner.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """Options that stand before the command."""


def _settings(context: typer.Context) -> Settings:
    return Settings.load(context.find_root().params.get("home"))


@asynccontextmanager
async def _open_desk(context: typer.Context) -> AsyncIterator[Desk]:
    settings = _settings(context).desk()
    home.require_set_up(settings.home, settings.database)
    database = await home.open_database(settings.database)
    wake = home.wake_for(database, settings.home)
    try:
        wanted, acting = (str(context.find_root().params.get(name) or "") for name in ("org", "acting"))
        async with database.reading(EVERYONE) as tx:
            organisation = await identity.choose_organisation(EVERYONE, tx, wanted)
        async with database.reading(organisation.id) as tx:
            person = await (identity.find_person(tx, acting) if acting else identity.owner(tx))
        driver = {name: os.environ[name] for name in ("PGHOST", "PGHOSTADDR", "PGSERVICE") if name in os.environ}
        yield Desk(database, SystemClock(), wake, settings.url, organisation, person, wants_json(context), driver, EVERYONE)
    finally:
        if isinstance(wake, PostgresWake):
            await wake.close()
        await database.dispose()


def _until_stopped(context: typer.Context, work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    async def whole() -> int:
        log.begin(_settings(context).log_format)
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, stop.set)
        await work(stop)
        return 0

    raise typer.Exit(run(whole, as_json=wants_json(context)))


# The processes are imported where they start: a command that reads a table would load the web server and the signer for nothing.


@app.command("serve")
def serve_(context: typer.Context) -> None:
    """Run every process in one, on SQLite: the embedded default."""
    from presswarden.processes import serve

    _until_stopped(context, lambda stop: serve.run(_settings(context).serve(), stop, lambda text: typer.echo(text)))


@app.command("web")
def web_(context: typer.Context) -> None:
    """Run the process that faces the internet."""
    from presswarden.processes import web

    _until_stopped(context, lambda stop: web.run(_settings(context).web(), stop, lambda text: typer.echo(text)))


@app.command("dispatcher")
def dispatcher_(context: typer.Context) -> None:
    """Run the process that signs and sends to sites."""
    from presswarden.processes import dispatcher

    _until_stopped(context, lambda stop: dispatcher.run(_settings(context).dispatcher(), stop))


@app.command("janitor")
def janitor_(context: typer.Context) -> None:
    """Run the process that integrates the audit and lets old data go."""
    from presswarden.processes import janitor

    _until_stopped(context, lambda stop: janitor.run(_settings(context).janitor(), stop))


@app.command("courier")
def courier_(context: typer.Context) -> None:
    """Run the process that fetches packages, for their hash."""
    from presswarden.processes import courier

    _until_stopped(context, lambda stop: courier.run(_settings(context).courier(), stop))


@app.command("analyst")
def analyst_(context: typer.Context) -> None:
    """Run the process that recommends; it reaches no site."""
    from presswarden.processes import analyst

    _until_stopped(context, lambda stop: analyst.run(_settings(context).analyst(), stop))


@app.command("migrate")
def migrate_(context: typer.Context) -> None:
    """Bring the database to this version's schema, without a backup; `upgrade` takes one first."""
    from presswarden.processes import migrate

    _until_stopped(context, lambda _stop: migrate.run(_settings(context).desk()))


@app.command("doctor")
def doctor_(context: typer.Context) -> None:
    """Say what is missing, one line for each thing an installation needs; changes nothing. Ends with 1 when something is."""
    from presswarden.processes import doctor

    async def whole() -> int:
        found = await doctor.look(_settings(context).desk(), SystemClock())
        typer.echo(document([each.plain() for each in found]) if wants_json(context) else doctor.told(found))
        return FAILED if any(each.state is doctor.State.BAD for each in found) else 0

    raise typer.Exit(run(whole, as_json=wants_json(context)))


_Descriptor = Annotated[
    int | None, typer.Option("--passphrase-fd", help="Read the passphrase from this file descriptor, not from the terminal.")
]


@app.command("backup")
def backup_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where to write it; never overwritten.")],
    passphrase_fd: _Descriptor = None,
) -> None:
    """Write database, keys and settings into one encrypted file, while everything runs."""
    from presswarden.processes import backup, passphrase

    async def whole() -> int:
        settings = _settings(context).desk()
        typed = passphrase.ask(passphrase_fd, twice=True)
        told = await backup.run(settings, file, typed, now=SystemClock().now())
        said = f"Wrote {file}, and read it back. Keep it and its passphrase apart: together they open everything."
        typer.echo(document({"file": str(file), **told}) if wants_json(context) else said)
        return 0

    raise typer.Exit(run(whole, as_json=wants_json(context)))


@app.command("restore")
def restore_(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="What `backup` wrote.")], passphrase_fd: _Descriptor = None
) -> None:
    """Put a backup into an empty home folder. Nothing is sent to a site before it was heard and its fence compared."""
    from presswarden.processes import passphrase, restore

    async def whole() -> int:
        settings = _settings(context).desk()
        typed = passphrase.ask(passphrase_fd, twice=False)
        done = await restore.run(settings, file, typed, now=SystemClock().now())
        if wants_json(context):
            typer.echo(
                document({"given_up": done.given_up, "held": done.held, "made_at": done.made_at, "organisations": done.organisations})
            )
            return 0
        typer.echo(f"Restored the backup of {done.made_at} into {settings.home}.")
        typer.echo(
            f"{done.held} sites are held, each until its next heartbeat; {done.given_up} requests and changes ended with an unknown outcome."
        )
        typer.echo("Everybody signs in anew. Look for people, roles, tokens and keys that were taken away after the backup: they are back.")
        return 0

    raise typer.Exit(run(whole, as_json=wants_json(context)))


@app.command("upgrade")
def upgrade_(
    context: typer.Context,
    backup_file: Annotated[Path, typer.Option("--backup", help="Where the backup goes that is taken first.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    passphrase_fd: _Descriptor = None,
) -> None:
    """Bring the database of a stopped installation to this program: says what it will do, takes a backup, then does it."""
    from presswarden.processes import passphrase, upgrade

    async def whole() -> int:
        settings = _settings(context).desk()
        ahead = await upgrade.steps(settings)
        if not ahead.missing:
            typer.echo("There is nothing to do: the database is at this program's schema.")
            return 0
        typer.echo(ahead.says())
        if not yes:
            typer.confirm("Is every process stopped, and shall this be done?", abort=True)
        typed = passphrase.ask(passphrase_fd, twice=True)
        await upgrade.run(settings, backup_file, typed, typer.echo, now=SystemClock().now())
        return 0

    raise typer.Exit(run(whole, as_json=wants_json(context)))


_counter = Counter(_open_desk)
app.add_typer(sites.commands(_counter), name="site")
app.add_typer(proposals.commands(_counter), name="proposal")
app.add_typer(changes.commands(_counter), name="change")
app.add_typer(snapshots.commands(_counter), name="snapshot")
app.add_typer(policies.commands(_counter), name="policy")
app.add_typer(people.commands(_counter), name="person")
app.add_typer(limits.commands(_counter), name="limit")
app.add_typer(addresses.commands(_counter), name="url")
app.add_typer(incidents.commands(_counter), name="incident")
app.add_typer(audit.commands(_counter), name="audit")
stops.register(app, _counter)


def main() -> None:
    """Run the program. What was typed wrongly is told in the form of every other problem."""
    os.umask(0o077)  # database, pipes and exports are the user's alone, also where the folder stands open
    try:
        ended = app(standalone_mode=False)
    except typer.Abort:
        ended = FAILED
    except typer.TyperException as wrong:
        ended = misused(wrong, as_json="--json" in sys.argv)
    sys.exit(ended or 0)
