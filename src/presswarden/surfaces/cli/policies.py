"""`presswarden policy`: the document in force, checking and filing another, and what would differ. Limits: what a document may say is `policy.document`'s."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from presswarden.approvals import service as approvals
from presswarden.approvals.model import PolicyDocument, PolicyUnknown
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import unix
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import new_id
from presswarden.policy import document as documents
from presswarden.policy import drafts, presets
from presswarden.policy.presets import Preset
from presswarden.policy.rules import NONE, Rules
from presswarden.proposals import service as proposals
from presswarden.sites import service as sites
from presswarden.surfaces.cli.desk import Counter, Desk, run, wants_json
from presswarden.surfaces.cli.output import document, moment, pairs
from presswarden.telemetry.model import shown

File = Annotated[Path, typer.Argument(metavar="FILE", help="A policy document (JSON).")]
Only = Annotated[str, typer.Option("--site", help="The document of this site: id, label or home. Default: the organisation's.")]


class DocumentUnreadable(PresswardenError):
    code = "usage.file"


def commands(counter: Counter) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="The policy: what may happen on sites, and who has to agree.", rich_markup_mode=None)

    @app.command("show")
    def show(
        context: typer.Context,
        site: Only = "",
        version: Annotated[int, typer.Option(min=0, help="This version instead of the one in force.")] = 0,
    ) -> None:
        """Show the policy in plain sentences, and its versions; with --json the document itself."""
        counter.serve(context, lambda desk: _show(desk, site, version))

    @app.command("check")
    def check(context: typer.Context, file: File) -> None:
        """Say whether a document is valid, or where its fault is. Needs no database."""

        async def offline() -> int:
            rules = documents.read(read(file))
            print(
                document({"valid": True, "digest": rules.digest}) if wants_json(context) else "It is valid. It says:\n" + _sentences(rules)
            )
            return 0

        raise typer.Exit(run(offline, as_json=wants_json(context)))

    @app.command("preset")
    def preset(
        context: typer.Context, name: Annotated[Preset, typer.Argument(help="cautious, balanced or hands-off.")], site: Only = ""
    ) -> None:
        """Print one of the policies that are offered, as a document to look at, to change and to set."""
        counter.serve(context, lambda desk: _preset(desk, name, site))

    @app.command("diff")
    def diff(context: typer.Context, file: File, site: Only = "") -> None:
        """Say what a document would change."""
        counter.serve(context, lambda desk: _diff(desk, file, site))

    @app.command("set")
    def set_(context: typer.Context, file: File, site: Only = "") -> None:
        """File a new version. What is nowhere laxer holds at once; else another owner confirms it."""
        counter.serve(context, lambda desk: _set(desk, file, site))

    @app.command("confirm")
    def confirm(context: typer.Context, version: Annotated[int, typer.Argument(min=1, help="The version.")], site: Only = "") -> None:
        """Confirm a version that another owner filed."""
        counter.serve(context, lambda desk: _confirm(desk, version, site))

    return app


def read(file: Path) -> dict[str, Json]:
    """The JSON object in `file`; fractions are allowed here, they are amounts of money."""
    try:
        return drafts.parse(file.read_bytes())
    except (OSError, ValueError, RecursionError) as fault:
        raise DocumentUnreadable(
            f"{file} can't be read as JSON ({type(fault).__name__}).", do="Name a file with one policy document."
        ) from fault


async def _show(desk: Desk, site: str, version: int) -> int:
    async with desk.database.reading(desk.org) as tx:
        scope = await _scope(desk, tx, site, Permission.SITE_SEE)
        versions = await approvals.policy_versions(tx, scope, now=desk.clock.now())
    found = next((one for one in versions if (one.version == version if version else one.active)), None)
    if version and found is None:
        raise PolicyUnknown("There is no such version of this policy.", do="List them with `presswarden policy show`.")
    now = desk.clock.now()
    if desk.json:
        print(document({"scope": scope, "version": found.version if found else 0, "document": dict(found.document) if found else None,
                        "versions": [_plain(one) for one in versions]}))  # fmt: skip
        return 0
    print(f"Version {found.version}, {_standing(found, now)}." if found else "No document: the built-in defaults hold.")
    print("\n" + _sentences(documents.read(found.document) if found else NONE))
    if versions:
        print("\n" + pairs({f"version {one.version}": f"{_standing(one, now)}, filed {moment(one.set_at)}" for one in versions}))
    return 0


async def _preset(desk: Desk, name: Preset, site: str) -> int:
    async with desk.database.reading(desk.org) as tx:
        scope = await _scope(desk, tx, site, Permission.SITE_SEE)
    print(document(presets.document(name, policy_id=f"pol_{new_id()}", concerns=scope or desk.org, at=desk.clock.now())))
    return 0


async def _diff(desk: Desk, file: Path, site: str) -> int:
    fresh = documents.read(read(file))
    async with desk.database.reading(desk.org) as tx:
        scope = await _scope(desk, tx, site, Permission.SITE_SEE)
        now = await approvals.policy_at(tx, scope, now=desk.clock.now())
    lines = documents.difference(documents.read(now.document) if now else NONE, fresh)
    if desk.json:
        print(document({"scope": scope, "differs": list(lines)}))
        return 0
    print("\n".join(shown(line, 600) for line in lines) or "It says the same as what is in force.")
    return 0


async def _set(desk: Desk, file: Path, site: str) -> int:
    given = read(file)
    async with desk.database.transaction(desk.org) as tx:
        scope = await _scope(desk, tx, site, Permission.POLICY_SET)
        filed = await approvals.activate_policy(tx, given, scope=scope, by=desk.person.id, now=desk.clock.now())
    await desk.wake.ring(proposals.RELEASE)
    return _tell(desk, filed)


async def _confirm(desk: Desk, version: int, site: str) -> int:
    async with desk.database.transaction(desk.org) as tx:
        scope = await _scope(desk, tx, site, Permission.POLICY_SET)
        filed = await approvals.confirm_policy(tx, version, scope=scope, by=desk.person.id, now=desk.clock.now())
    await desk.wake.ring(proposals.RELEASE)
    return _tell(desk, filed)


def _tell(desk: Desk, filed: PolicyDocument) -> int:
    print(document(_plain(filed)) if desk.json else f"Version {filed.version}: {_standing(filed, desk.clock.now())}.")
    if not desk.json and filed.from_when is None:
        print(f"Next: another owner runs presswarden policy confirm {filed.version}" + (f" --site {filed.scope}" if filed.scope else ""))
    return 0


async def _scope(desk: Desk, tx: Tx, site: str, permission: Permission) -> str:
    """The scope's name, for somebody who may."""
    scope = (await sites.find_site(tx, site)).id if site else None
    await identity.require(tx, desk.person.id, permission, site=scope)
    return scope or ""


def _standing(one: PolicyDocument, now: datetime) -> str:
    if one.active:
        return "in force"
    if one.from_when is None:
        return "waits for another owner"
    return f"{'in force' if one.from_when > now else 'was in force'} from {moment(one.from_when)}"


def _sentences(rules: Rules) -> str:
    return "\n".join(f"  {shown(line, 600)}" for line in documents.summary(rules))


def _plain(one: PolicyDocument) -> dict[str, Json]:
    return {
        "scope": one.scope, "version": one.version, "digest": one.digest, "active": one.active, "set_by": one.set_by, "set_at": unix(one.set_at),
        "from": unix(one.from_when) if one.from_when else None, "confirmed_by": one.confirmed_by,
    }  # fmt: skip
