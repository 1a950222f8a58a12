"""Verbs of clients: name them, say which sites are whose. Limits: a client is a group of sites; roles for one are given by `identity.service`."""

from collections.abc import Mapping
from datetime import datetime

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.identity import service as identity
from presswarden.identity import store
from presswarden.identity.model import ALLOWED, Client, ClientTaken, ClientUnknown, Permission
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import ClientId, PersonId, SiteId, new_id


async def clients(tx: Tx) -> tuple[Client, ...]:
    """All of them, by name."""
    return await store.clients(tx.org, tx)


async def client_of(tx: Tx) -> Mapping[SiteId, ClientId]:
    """Of each site that has one."""
    return await store.client_sites(tx.org, tx)


async def client(tx: Tx, which: str) -> Client:
    """By id or name. Raises `ClientUnknown`; another organisation's is unknown too."""
    for one in await clients(tx):
        if which in (one.id, one.name):
            return one
    raise ClientUnknown("There is no such client in this organisation.", do="List the clients and use the name shown.")


async def add(tx: Tx, name: str, *, by: PersonId, now: datetime) -> Client:
    """Raises `Forbidden`, `ClientTaken`, `NameRefused`."""
    await identity.require(tx, by, Permission.PEOPLE_MANAGE)
    made = Client(ClientId(new_id()), identity.plain_text(name, 200), now)
    await _put(tx, made)
    await _record(tx, "client.added", by, made.id, now)
    return made


async def rename(tx: Tx, which: ClientId, name: str, *, by: PersonId, now: datetime) -> Client:
    """Raises `Forbidden`, `ClientUnknown`, `ClientTaken`, `NameRefused`."""
    await identity.require(tx, by, Permission.PEOPLE_MANAGE)
    known = await client(tx, which)
    made = Client(known.id, identity.plain_text(name, 200), known.created_at)
    await _put(tx, made)
    await _record(tx, "client.renamed", by, made.id, now)
    return made


async def assign(tx: Tx, site: SiteId, to: ClientId | None, *, by: PersonId, now: datetime) -> None:
    """This site is this client's from now on, and roles given for the client hold there; None: nobody's. Raises `Forbidden`, `ClientUnknown`."""
    await identity.require(tx, by, Permission.PEOPLE_MANAGE)
    if to is not None:
        await client(tx, to)
    before = (await client_of(tx)).get(site)
    if before == to:
        return
    lost = before is not None and any(
        grant.client == before and Permission.APPROVE in ALLOWED[grant.role] for one in await identity.people(tx) for grant in one.grants
    )
    await store.assign(tx.org, tx, site, to)
    # Whoever could say no there can't any more: what a single operator may is counted from this moment on, as after a removal.
    entry = Entry(
        "client.site_taken" if lost else "client.site_assigned", Actor("person", by), f"site:{site}", new_id(), {"client": to or ""}
    )
    await audit.record(tx, entry, now=now)


async def _put(tx: Tx, made: Client) -> None:
    if not await store.put_client(tx.org, tx, made):
        raise ClientTaken("There is a client of that name already.", do="Choose another name.")


async def _record(tx: Tx, kind: str, by: PersonId, which: ClientId, now: datetime) -> None:
    await audit.record(tx, Entry(kind, Actor("person", by), f"client:{which}", new_id(), {}), now=now)
