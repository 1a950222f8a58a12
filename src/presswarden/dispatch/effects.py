"""What a verified answer means for the stages: facts, pairings, keys, pauses. Each takes effect in the transaction that settles the request.

Limits: called only with results whose receipt verified. A result that a stage refuses leaves nothing behind, and the outcome says so.
"""

from collections.abc import Mapping
from datetime import datetime

from presswarden.approvals import service as approvals
from presswarden.dispatch import keyring, noticing, rotation
from presswarden.dispatch.course import FIRST_CALL
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import SnapshotId
from presswarden.mailbox.model import Carried, Outcome, Request, RequestState
from presswarden.sites import service as sites
from presswarden.sites.model import ConfirmMismatch, Installation, InstallationState, SiteNotPaired
from presswarden.telemetry import service as telemetry


class ResultRefused(PresswardenError):
    """The site's signed result is not of the agreed form."""

    code = "dispatch.result"


def home_of(request: Request, installation: Installation) -> str:
    """Where the call goes: the pinned home, or the new one that a person confirmed."""
    home = request.args.get("home")
    return home if request.tool == "control.moved" and isinstance(home, str) else installation.home


async def take_result(tx: Tx, request: Request, installation: Installation, outcome: Outcome, *, now: datetime) -> Outcome:
    """Let the result take effect; the outcome, or the one that says why it took none."""
    try:
        async with tx.begin_nested():
            await _take(tx, request, installation, outcome.result, now)
    except PresswardenError as fault:
        return Outcome(RequestState.FAILED, fault.code, fault.says, fault.do, call=outcome.call, carried_by=Carried.NOTHING)
    return outcome


async def take_end(tx: Tx, request: Request, outcome: Outcome, *, now: datetime) -> None:
    """What the end of a request means, however it ended."""
    if request.tool == "control.revoke":
        await telemetry.stop_expecting(tx, request.site)
    if outcome.state is RequestState.DONE:
        return
    if request.tool == FIRST_CALL:
        found = await sites.installation(tx, request.installation)
        if found.state is InstallationState.CONFIRMING:
            await sites.abandon_confirmation(tx, request.installation, reason=outcome.code or outcome.state, now=now)
        await keyring.forget(tx, request.installation)
    epoch = request.args.get("epoch")
    if request.tool == "control.rotate" and outcome.state is not RequestState.UNKNOWN and isinstance(epoch, int):
        await rotation.given_up(tx, request.installation, epoch)


async def _take(tx: Tx, request: Request, installation: Installation, result: Mapping[str, Json], now: datetime) -> None:
    match request.tool:
        case "control.confirm":
            words = result.get("words")
            if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
                raise ConfirmMismatch("The site's answer has no words.", do="Stop, and make a new pairing string.")
            await sites.confirm_paired(tx, installation.id, home=_text(result, "home"), words=[str(word) for word in words], now=now)
            await telemetry.expect(tx, installation.id, installation.site, now)
        case "control.pause" | "control.resume":
            _text(result, "paused")
        case "control.revoke":
            if result.get("revoked") is not True:
                raise ResultRefused("The site does not say that it is revoked.", do="The standing order says it again.")
            await sites.revocation_told(tx, installation.id, now=now)
            await keyring.forget(tx, installation.id)
        case "control.rotate":
            await rotation.taken(tx, installation, request.args, result, now=now)
        case "control.rotate_site":
            epoch = result.get("epoch")
            if not isinstance(epoch, int):
                raise ResultRefused("The site's answer has no epoch.", do="Ask for the rotation again.")
            key, proof = _text(result, "public_key"), _text(result, "signature")
            await sites.rotate_site_key(tx, installation.id, epoch=epoch, public_key=key, signature=proof, now=now)
        case "control.moved":
            await sites.complete_move(tx, installation.id, home=_text(result, "home"), now=now)
        case "wp.snapshot.verify" if result.get("done") is True:
            await _judge_snapshot(tx, installation, request.args, result.get("verified") is True, now)
        case "wp.snapshot.delete" if result.get("deleted") is True:
            await _judge_snapshot(tx, installation, request.args, False, now)
        case tool if installation.state is InstallationState.PAIRED:
            if tool == noticing.HEALTH:
                await noticing.health(tx, installation.site, result, now=now)
            await telemetry.record_read(tx, installation.site, tool, dict(result), now)
        case _:
            raise SiteNotPaired("The site was revoked while it answered.", do="Pair the site again.")


async def _judge_snapshot(tx: Tx, installation: Installation, args: Mapping[str, Json], stands: bool, now: datetime) -> None:
    snapshot = SnapshotId(_text(args, "snapshot"))
    if stands:
        await approvals.snapshot_confirmed(tx, installation.site, snapshot, now=now)
    else:
        await approvals.snapshot_gone(tx, installation.site, snapshot)


def _text(result: Mapping[str, Json], name: str) -> str:
    found = result.get(name)
    if not isinstance(found, str):
        raise ResultRefused(f"The site's answer has no `{name}`.", do="Check that the connector's version fits this one.")
    return found
