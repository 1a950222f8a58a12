"""Reads and control calls for one site, as a person asks for them.

A pause, resume or revocation is first written down as what we want, in one transaction with the call that carries it; a site that can't be reached takes
it from the standing order. Limits: each files a wish and tells what came of it.
"""

from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.ids import RequestId
from presswarden.mailbox import service as mailbox
from presswarden.mailbox import wishes
from presswarden.mailbox.model import Carried, Request, RequestState
from presswarden.sites import service as sites
from presswarden.surfaces.cli.asking import PATIENCE, Unanswered, carried, tell, wait_for
from presswarden.surfaces.cli.desk import Desk
from presswarden.surfaces.cli.output import document


async def read(desk: Desk, site: str, tool: str, request: RequestId | None, *, seconds: float) -> int:
    if request is not None:
        async with desk.database.reading(desk.org) as tx:
            of = (await mailbox.outcome(tx, request)).site
            await identity.require(tx, desk.person.id, Permission.SITE_READ, site=of)
        return tell(desk, await wait_for(desk, request, seconds=seconds))
    async with desk.database.transaction(desk.org) as tx:
        filed = await wishes.read(tx, (await sites.find_site(tx, site)).id, tool, by=desk.person.id, now=desk.clock.now())
    return tell(desk, await wait_for(desk, filed.id, seconds=seconds, ring=True))


async def pause(desk: Desk, site: str, reason: str) -> int:
    async with desk.database.transaction(desk.org) as tx:
        found = await sites.find_site(tx, site)
        filed = await wishes.pause(tx, found.id, reason, by=desk.person.id, now=desk.clock.now())
    return await _wish(desk, filed, f"{found.label} is paused.", "is to be paused")


async def resume(desk: Desk, site: str) -> int:
    async with desk.database.transaction(desk.org) as tx:
        found = await sites.find_site(tx, site)
        filed = await wishes.resume(tx, found.id, "", by=desk.person.id, now=desk.clock.now())
    return await _wish(desk, filed, f"{found.label} takes calls again.", "is to take calls again")


async def revoke(desk: Desk, site: str, reason: str) -> int:
    async with desk.database.transaction(desk.org) as tx:
        found = await sites.find_site(tx, site)
        filed = await wishes.revoke(tx, found.id, reason, by=desk.person.id, now=desk.clock.now())
    if filed is None:
        print(
            document({"site": found.id, "revoked": True, "carried_by": ""})
            if desk.json
            else f"The pairing string for {found.label} is void."
        )
        return 0
    return await _wish(desk, filed, f"The pairing with {found.label} has ended; the site deleted its keys.", "has ended on our side")


async def rotate(desk: Desk, site: str, *, site_key: bool) -> int:
    async with desk.database.transaction(desk.org) as tx:
        found = await sites.find_site(tx, site)
        filed = await wishes.rotate(tx, found.id, site_key=site_key, by=desk.person.id, now=desk.clock.now())
    return tell(desk, await wait_for(desk, filed.id, seconds=PATIENCE, ring=True))


async def confirm_move(desk: Desk, site: str) -> int:
    async with desk.database.transaction(desk.org) as tx:
        found = await sites.find_site(tx, site)
        await identity.require(tx, desk.person.id, Permission.SITE_MOVE, site=found.id)
        move = await sites.confirm_move(tx, found.id, by=desk.person.id, now=desk.clock.now())
    await desk.wake.ring(mailbox.DISPATCH)
    said = {"site": found.id, "old_home": move.old_home, "new_home": move.new_home}
    print(
        document(said) if desk.json else f"{found.label} moves from {move.old_home} to {move.new_home} once the new address answers signed."
    )
    return 0


async def _wish(desk: Desk, filed: Request, done: str, wanted: str) -> int:
    """Tell which way the wish went; only a refusal of the site or of our gate is an error."""
    settled = await wait_for(desk, filed.id, seconds=PATIENCE, ring=True)
    outcome = settled.outcome
    if outcome is None or (outcome.state is not RequestState.DONE and outcome.carried_by is not Carried.ORDER):
        if outcome is None:
            raise RuntimeError("a settled request without an outcome")
        raise Unanswered(settled, outcome)
    if desk.json:
        print(
            document(
                {
                    "request": settled.id,
                    "state": outcome.state.value,
                    "carried_by": outcome.carried_by.value,
                    "result": dict(outcome.result),
                }
            )
        )
        return 0
    print(done if outcome.carried_by is Carried.CALL else f"The site {wanted}.")
    print(carried(outcome))
    return 0
