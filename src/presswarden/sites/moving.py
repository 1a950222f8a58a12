"""A site that moved: told by the site, confirmed by a person, done when the new home answers signed. Limits: no step follows from the one before by itself."""

from datetime import datetime

from presswarden.audit.model import Actor
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import Everyone, InstallationId, PersonId, SiteId
from presswarden.sites import store
from presswarden.sites.lookup import in_state, installation, record
from presswarden.sites.model import Installation, InstallationState, Move, NoMove, base_url
from presswarden.sites.pending import store as pending
from presswarden.sites.probes import service as probes


async def file_move(tx: Tx, found: Installation, *, old_home: str, new_home: str, now: datetime) -> None:
    """The site's admin says that it moved. Raises `UrlRefused`; nothing changes until a person confirms."""
    base_url(new_home)
    await pending.put_move(tx.org, tx, found.id, old_home, new_home, now)
    told: dict[str, Json] = {"installation": found.id, "old_home": old_home, "new_home": new_home}
    await record(tx, "site.move_told", Actor("site", found.id), found.site, told, now)


async def move_of(tx: Tx, site: SiteId) -> Move:
    """The move that the site told of. Raises `NoMove`."""
    for move in await pending.moves(tx.org, tx):
        if move.site == site:
            return move
    raise NoMove("The site has not said that it moved.", do="Start “This site moved” on the site's own Presswarden page first.")


async def confirm_move(tx: Tx, site: SiteId, *, by: PersonId, now: datetime) -> Move:
    """A person confirms; the dispatcher then calls the new home. Raises `NoMove`."""
    move = await move_of(tx, site)
    await pending.set_move(tx.org, tx, move.installation, by, now)
    await probes.want(tx, site, move.new_home, now)
    await record(tx, "site.move_confirmed", Actor("person", by), site, {"new_home": move.new_home}, now)
    return await move_of(tx, site)


async def moves_confirmed(everyone: Everyone, tx: Tx) -> tuple[Move, ...]:
    return await pending.confirmed_moves(everyone, tx)


async def complete_move(tx: Tx, of: InstallationId, *, home: str, now: datetime) -> Installation:
    """The new home answered signed. Raises `NoMove`, `SiteNotPaired`."""
    found = await in_state(tx, of, InstallationState.PAIRED)
    move = await move_of(tx, found.site)
    if move.confirmed_at is None or home != move.new_home:
        raise NoMove("No person has confirmed a move to that address.", do="Confirm it with `presswarden site moved`.")
    await store.set_installation(tx.org, tx, of, home=home)
    await pending.drop_move(tx.org, tx, of)
    told: dict[str, Json] = {"installation": of, "old_home": move.old_home, "new_home": home}
    await record(tx, "site.moved", Actor("process", "dispatcher"), found.site, told, now)
    return await installation(tx, of)
