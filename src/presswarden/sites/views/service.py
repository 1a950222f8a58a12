"""Verbs of named filters: keep one, drop one. Limits: a person's own; they change nothing that anybody else sees."""

import unicodedata
from typing import Final

from presswarden.kernel.db import Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import PersonId, new_id
from presswarden.sites.views import store
from presswarden.sites.views.model import View

MOST: Final = 20


class ViewRefused(PresswardenError):
    code = "sites.view"


async def views(tx: Tx, person: PersonId) -> tuple[View, ...]:
    return await store.of_person(tx.org, tx, person)


async def keep(tx: Tx, person: PersonId, name: str, query: str) -> View:
    """Under a name that the person has already, in its place. Raises `ViewRefused`."""
    called = name.strip()
    if not called or len(called) > 60 or len(query) > 1000 or any(unicodedata.category(char).startswith("C") for char in called):
        raise ViewRefused("A view needs a name of 1 to 60 characters.", do="Give it a short name.")
    known = await store.of_person(tx.org, tx, person)
    same = [one for one in known if one.name == called]
    if len(known) - len(same) >= MOST:
        raise ViewRefused(f"You keep {MOST} views already.", do="Drop one first.")
    for one in same:
        await store.drop(tx.org, tx, person, one.id)
    made = View(new_id(), called, query)
    await store.add(tx.org, tx, person, made)
    return made


async def drop(tx: Tx, person: PersonId, view: str) -> None:
    """One of one's own; another's, or one that is gone, stays as it is."""
    await store.drop(tx.org, tx, person, view)


async def drop_all(tx: Tx, person: PersonId) -> None:
    """Somebody is erased."""
    await store.drop_all(tx.org, tx, person)
