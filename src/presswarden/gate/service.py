"""The door itself: read how things stand, collect all reasons, and only then spend a token and write a permit.

Limits: the gate permits; it neither signs nor sends. Planned changes have no way through yet: nothing decides them.
"""

from datetime import datetime, timedelta
from typing import Final

from presswarden.actions.catalogue import CATALOGUE
from presswarden.actions.model import Klass
from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.gate import ledger, switch
from presswarden.gate.model import Ask, Rate, Reason, Refusal, Standing, Stop, reasons_against
from presswarden.gate.permit import Permit, args_hash
from presswarden.identity import service as identity
from presswarden.identity.model import Forbidden, Permission
from presswarden.incidents import service as incidents
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import NotFound
from presswarden.kernel.ids import CorrelationId, Everyone, PersonId
from presswarden.sites import service as sites

PERMIT_LIVES: Final = timedelta(minutes=5)
"""No longer than the longest envelope: a permit outlives no signature made under it."""
PERMITS_KEPT: Final = timedelta(days=7)
CALLS: Final = Rate(per_minute=60, burst=2.0)
"""Calls to one installation (POLICY: `tool_calls_per_minute`, `burst_multiplier`). Control calls are not counted: a stop must always get through."""

PERMISSIONS: Final = {
    "control.confirm": Permission.SITE_PAIR,
    "control.pause": Permission.SITE_PAUSE,
    "control.resume": Permission.SITE_RESUME,
    "control.revoke": Permission.SITE_REVOKE,
    "control.rotate": Permission.SITE_REVOKE,
    "control.rotate_site": Permission.SITE_REVOKE,
    "control.moved": Permission.SITE_MOVE,
}
"""What a person who asks must be allowed; any other tool needs the right to read."""


async def admit(tx: Tx, ask: Ask, *, now: datetime, rate: Rate = CALLS) -> Permit | Refusal:
    """A permit for this one call, or every reason against it. The id of the call is burnt with the permit: a second one for it is a broken promise."""
    reasons = reasons_against(ask, CATALOGUE.get(ask.tool), await _standing(tx, ask))
    if (
        not reasons
        and CATALOGUE[ask.tool].klass is not Klass.CONTROL
        and not await ledger.take_token(tx.org, tx, ask.installation, rate, now=now)
    ):
        reasons = (Reason("gate.rate", f"More than {rate.per_minute} calls a minute to this site.", "Wait a minute and ask again."),)
    if reasons:
        await _record(tx, ask, "gate.refused", {"reasons": [reason.code for reason in reasons]}, now=now)
        return Refusal(reasons)
    permit = Permit(tx.org, ask.installation, ask.call, ask.tool, args_hash(ask.args), now + PERMIT_LIVES)
    await ledger.give(tx.org, tx, permit, now=now)
    return permit


async def again(tx: Tx, ask: Ask, *, now: datetime) -> Permit | Refusal:
    """The permit of a call that was admitted before, renewed so that the same bytes can be sent again. What stands against it now counts; the rate does not."""
    before = await ledger.given(tx.org, tx, ask.call)
    if before is None or (before.installation, before.tool, before.args_hash) != (ask.installation, ask.tool, args_hash(ask.args)):
        raise RuntimeError("this call was never admitted as it stands; a re-send carries what the first send carried")
    reasons = reasons_against(ask, CATALOGUE.get(ask.tool), await _standing(tx, ask))
    if reasons:
        await _record(tx, ask, "gate.refused", {"reasons": [reason.code for reason in reasons]}, now=now)
        return Refusal(reasons)
    until = now + PERMIT_LIVES
    await ledger.renew(tx.org, tx, ask.call, until)
    return Permit(tx.org, before.installation, before.call, before.tool, before.args_hash, until)


async def once_or_again(tx: Tx, ask: Ask, *, now: datetime) -> Permit | Refusal:
    """A permit for a call that may go out in more than one way: its first, or the one it has, renewed."""
    return await (admit if await ledger.given(tx.org, tx, ask.call) is None else again)(tx, ask, now=now)


async def stop(tx: Tx, person: PersonId, reason: str, *, correlation: CorrelationId, now: datetime) -> None:
    """Throw the organisation's kill switch: nothing starts but pause, revocation and health."""
    await identity.require(tx, person, Permission.SITE_PAUSE)
    if await switch.stop(tx.org, tx, reason=reason[:200], by=person, now=now):
        entry = Entry("gate.stopped", Actor("person", person), f"org:{tx.org}", correlation, {"reason": reason[:200]})
        await audit.record(tx, entry, now=now)


async def lift(tx: Tx, person: PersonId, *, correlation: CorrelationId, now: datetime) -> None:
    """Lift the kill switch."""
    await identity.require(tx, person, Permission.SITE_RESUME)
    if await switch.lift(tx.org, tx):
        await audit.record(tx, Entry("gate.lifted", Actor("person", person), f"org:{tx.org}", correlation, {}), now=now)


async def stopped(tx: Tx) -> Stop | None:
    return await switch.stopped(tx.org, tx)


async def expire(everyone: Everyone, tx: Tx, *, now: datetime) -> None:
    """Let permits go that no re-send can need any more."""
    await ledger.expire(everyone, tx, now=now, keep=PERMITS_KEPT)


async def _standing(tx: Tx, ask: Ask) -> Standing:
    try:
        installation = await sites.installation(tx, ask.installation)
    except NotFound:
        return Standing(await stopped(tx), "", paused=False, contained=(), forbidden=False)
    state = installation.state.value if installation.site == ask.site else ""
    contained = tuple(one.says for one in await incidents.containment(tx, ask.site))
    return Standing(await stopped(tx), state, paused=installation.wanted_paused, contained=contained, forbidden=await _forbidden(tx, ask))


async def _forbidden(tx: Tx, ask: Ask) -> bool:
    if ask.by.kind != "person":
        return False
    try:
        await identity.require(tx, PersonId(ask.by.id), PERMISSIONS.get(ask.tool, Permission.SITE_READ), site=ask.site)
    except Forbidden:
        return True
    return False


async def _record(tx: Tx, ask: Ask, kind: str, payload: dict[str, list[str]], *, now: datetime) -> None:
    entry = Entry(kind, ask.by, f"site:{ask.site}", ask.correlation, {"call": ask.call, "tool": ask.tool, **payload})
    await audit.record(tx, entry, now=now)
