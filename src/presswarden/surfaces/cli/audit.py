"""`presswarden audit`: list the record, verify it here, export it, and verify an export without a database.

Limits: `verify` trusts this machine's database to hold what it exports; only a key and a checkpoint kept elsewhere make `verify-export` proof for others.
"""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from presswarden.audit import service as audit
from presswarden.audit import verify
from presswarden.audit.checks import service as checks
from presswarden.audit.model import Recorded
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import unix
from presswarden.kernel.errors import NotFound, PresswardenError
from presswarden.kernel.ids import EventId
from presswarden.surfaces.cli.desk import Counter, Desk, run, wants_json
from presswarden.surfaces.cli.output import document, moment, pairs, table
from presswarden.telemetry import service as telemetry
from presswarden.telemetry.model import shown


class ProofFailed(PresswardenError):
    """The record does not hold what was signed."""

    code = "audit.proof"


class FileUnreadable(PresswardenError):
    code = "usage.file"


def commands(counter: Counter) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="The record of everything: list, verify, export.", rich_markup_mode=None)

    @app.command("list")
    def list_(
        context: typer.Context,
        kind: Annotated[str, typer.Option(help="Only entries of this kind, such as site.paired.")] = "",
        limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 50,
        entry: Annotated[str, typer.Option(help="Show one entry with its payload.")] = "",
    ) -> None:
        """List entries, newest first."""
        counter.serve(context, lambda desk: _show(desk, EventId(entry)) if entry else _list(desk, kind, limit))

    @app.command("verify")
    def verify_(context: typer.Context) -> None:
        """Verify the whole record in the database: every entry, the tree, every checkpoint, and the copies that sites sent back."""
        counter.serve(context, _verify)

    @app.command("export")
    def export(context: typer.Context, folder: Annotated[Path, typer.Argument(help="A new or empty folder.")]) -> None:
        """Write the signed log to a folder that anybody can verify offline."""
        counter.serve(context, lambda desk: _export(desk, folder))

    @app.command("verify-export")
    def verify_export(
        context: typer.Context,
        folder: Annotated[Path, typer.Argument(help="The exported folder.")],
        key: Annotated[Path | None, typer.Option(help="Your own copy of log.vkey. Default: the folder's, which proves less.")] = None,
        older: Annotated[Path | None, typer.Option(help="A checkpoint that you, or a site, kept from earlier.")] = None,
    ) -> None:
        """Verify an export without a database and without a network."""

        async def offline() -> int:
            return _offline(folder, key, older, as_json=wants_json(context))

        raise typer.Exit(run(offline, as_json=wants_json(context)))

    return app


async def _list(desk: Desk, kind: str, limit: int) -> int:
    async with desk.database.reading(desk.org) as tx:
        await identity.require(tx, desk.person.id, Permission.AUDIT_SEE)
        found = await audit.events(tx, limit=limit, kind=kind or None, newest_first=True)
    if desk.json:
        print(document([_plain(each) for each in found]))
        return 0
    rows = [(each.id, moment(each.at), each.kind, f"{each.actor.kind}:{each.actor.id}", each.subject, _place(each)) for each in found]
    print(table(("ENTRY", "AT", "KIND", "ACTOR", "SUBJECT", "PLACE"), rows))
    return 0


async def _show(desk: Desk, entry: EventId) -> int:
    async with desk.database.reading(desk.org) as tx:
        await identity.require(tx, desk.person.id, Permission.AUDIT_PAYLOAD)
        found = await audit.event(tx, entry)
        try:
            proof = (await audit.prove(tx, entry)).text()
        except NotFound:
            proof = ""
    payload: Json = dict(found.payload) if found.payload is not None else None
    if desk.json:
        print(document({**_plain(found), "payload": payload, "proof": proof}))
        return 0
    shown = {"entry": found.id, "at": moment(found.at), "kind": found.kind, "actor": f"{found.actor.kind}:{found.actor.id}"}
    print(pairs({**shown, "subject": found.subject, "correlation": found.correlation, "place": _place(found)}))
    print("\nThe payload was removed after its retention; the commitment to it stays." if payload is None else f"\n{document(payload)}")
    if proof:
        print(f"\nProof of its place:\n{proof}")
    if not found.intact:
        raise ProofFailed(
            "This entry is not the one that was recorded.", do="Run `presswarden audit verify`, and keep the database as it is."
        )
    return 0


async def _verify(desk: Desk) -> int:
    with tempfile.TemporaryDirectory(prefix="presswarden-verify-") as scratch:
        async with desk.database.reading(desk.org) as tx:
            await identity.require(tx, desk.person.id, Permission.AUDIT_SEE)
            copies = sorted({each.checkpoint for each in (await telemetry.standings(tx)).values() if each.checkpoint})
            exported = await checks.prepare(tx, Path(scratch) / "export", copies)
        report = checks.judge(exported)
    return _tell(report, as_json=desk.json)


async def _export(desk: Desk, folder: Path) -> int:
    async with desk.database.reading(desk.org) as tx:
        await identity.require(tx, desk.person.id, Permission.AUDIT_EXPORT)
        newest = await audit.export(tx, folder)
    if desk.json:
        print(document({"folder": str(folder), "size": newest.size, "root": newest.root.hex(), "origin": newest.origin}))
        return 0
    print(f"Exported {newest.size} entries to {folder}, root {newest.root.hex()}.")
    print(f"Verify them anywhere: presswarden audit verify-export {folder} --key YOUR-COPY-OF-log.vkey")
    return 0


def _offline(folder: Path, key: Path | None, older: Path | None, *, as_json: bool) -> int:
    if key is None:
        print("No --key given: the folder's own key is used, so this shows that the export is whole, not whose it is.", file=sys.stderr)
    report = verify.verify_export(folder, _text(key or folder / "log.vkey"), (_text(older),) if older else ())
    return _tell(report, as_json=as_json)


def _tell(report: verify.Report, *, as_json: bool) -> int:
    told: dict[str, Json] = {"size": report.size, "root": report.root.hex(), "checkpoints": report.heads, "payloads": report.payloads}
    if as_json:
        print(document({**told, "ok": report.ok, "faults": [_fault(fault) for fault in report.faults]}))
    else:
        print(pairs({name: str(value) for name, value in told.items()}))
        print("\n".join(f"WRONG: {shown(fault.says)}" for fault in report.faults) or "Every entry, the tree and every checkpoint agree.")
    if not report.ok:
        raise ProofFailed(
            "The record is not what was signed.",
            do="Keep it as it is. Compare it with an earlier export and with the checkpoints that sites kept, to learn when it was changed.",
        )
    return 0


def _fault(fault: verify.Fault) -> dict[str, Json]:
    return {"finding": fault.finding.value, "says": fault.says, "first": fault.first, "last": fault.last}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise FileUnreadable(
            f"{path} can't be read ({type(fault).__name__}).", do="Name a file of the export, or your own copy."
        ) from fault


def _place(entry: Recorded) -> str:
    place = "waiting" if entry.index is None else str(entry.index)
    return place if entry.intact else f"{place} BROKEN"


def _plain(entry: Recorded) -> dict[str, Json]:
    return {
        "id": entry.id, "at": unix(entry.at), "kind": entry.kind, "actor": f"{entry.actor.kind}:{entry.actor.id}", "subject": entry.subject,
        "correlation": entry.correlation, "index": entry.index, "intact": entry.intact,
    }  # fmt: skip
