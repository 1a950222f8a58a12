"""Every function of every store, called inside one organisation with things of another: nothing of the other's is told, and none of its rows change.

The functions are those that the files hold; their arguments are made from the other organisation's own rows, in two ways: its ids under one's own name, and
its name as well. The twin is the same call inside the other organisation. Without the narrowing of transactions the second way reads and writes everything.
Limits: PostgreSQL here without row-level security, which is a second wall of its own (`test_row_level_security`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, Everyone, OrgId, new_id
from tests.claims.attacks import Attack, attack_of
from tests.console.furnished import furnish
from tests.console.rig import open_house
from tests.database.doubled import Function, Things, fill_the_rest, renamed, rows_of, store_functions, tables, texts_in, texts_of
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.req("W4", "X10")


class _Undone(Exception):
    """Ends a transaction whose changes are not kept."""


@dataclass
class Pair:
    """Two organisations in one database, and what the second one holds."""

    database: Database
    mine: OrgId
    other: Things
    secrets: frozenset[str]
    """Texts that stand in the other's rows alone."""
    functions: Mapping[str, Function] = field(default_factory=store_functions)

    async def told(self, scope: OrgId | Everyone, org: OrgId, name: str, given: Mapping[str, Any]) -> tuple[str, bool]:
        """What a call answers or is refused with, and whether rows of the other organisation are not what they were."""
        answer, changed = "", False
        try:
            async with self.database.transaction(scope) as tx:
                before = await self._state(tx)
                answer = repr(await self.functions[name](org, tx, **given))
                await tx.flush()
                changed = before != await self._state(tx)
                raise _Undone
        except _Undone:
            pass
        except Exception as fault:
            answer = f"refused: {type(fault).__name__}"
        return answer, changed

    async def _state(self, tx: Any) -> list[Any]:
        return list(await tx.direct.execute(text(_STATE[self.database.is_sqlite]), {"theirs": self.other.org}))

    def shows(self, answer: str, given: Mapping[str, Any]) -> set[str]:
        """What of the other's stands in an answer and was not asked with."""
        asked = repr(given)
        return {secret for secret in self.secrets if secret in answer and secret not in asked and secret != self.other.org}


def _state_of(sqlite: bool) -> str:
    every = []
    for table in tables():
        cells = "||'|'||".join(f'quote("{column.name}")' for column in table.columns)
        rows = f"group_concat({cells}, ';')" if sqlite else "md5(string_agg(t::text, ';' ORDER BY t::text))"
        every.append(f"SELECT '{table.name}', {rows} FROM \"{table.name}\" AS t WHERE org = :theirs")
    return " UNION ALL ".join(every)


_STATE = {sqlite: _state_of(sqlite) for sqlite in (True, False)}


@pytest.fixture
def attack(request: pytest.FixtureRequest) -> Attack:
    return attack_of(request)


@pytest.fixture
async def pair(database: Database, frozen: FrozenClock) -> Pair:
    houses = [await open_house(database, frozen, name=name) for name in ("Northwind", "Southwind")]
    for house in houses:
        await furnish(house)
        async with house.transaction() as tx:
            await fill_the_rest(tx, house.org, house.organisation.name, frozen.now())
    mine, other = (house.org for house in houses)
    async with database.reading(EVERYONE) as tx:
        own, there = await rows_of(tx, mine), await rows_of(tx, other)
    assert not [name for name, rows in there.items() if not rows]
    return Pair(database, mine, Things(other, there, frozen.now()), texts_of(there) - texts_of(own))


APART = {
    "audit.store.lock_head": "answers with an object that has no words",
    "sites.store.page": "goes on after any id, one's own or not",
}
"""Where an answer to another's ids is not the one to ids that nothing has, and why that tells nothing."""
REACHED = 230
"""At least so many functions find the twin's own rows with what is made up here; the others look for a state that no row is in."""


async def test_nothing_of_another_organisation_is_read_or_written(pair: Pair, attack: Attack) -> None:
    """With its ids; and under its name too, as if a caller had taken the organisation from what somebody sent."""
    assert len(pair.functions) >= 270
    through = set()
    for name, given, absent in _cases(pair):
        answer, changed = await pair.told(pair.mine, pair.mine, name, given)
        attack.repelled(name, not changed and not pair.shows(answer, given), (changed, answer))
        nothing, _ = await pair.told(pair.mine, pair.mine, name, absent)
        attack.repelled(f"{name}, told apart", name in APART or _blind(answer, given) == _blind(nothing, absent), (answer, nothing))
        answer, changed = await pair.told(pair.mine, pair.other.org, name, given)
        attack.repelled(f"{name}, under its name", not changed and not pair.shows(answer, given), (changed, answer))
        answer, changed = await pair.told(EVERYONE, pair.other.org, name, given)
        if changed or pair.shows(answer, given):
            through.add(name)
    assert len(through) > 120, "where nothing narrows a transaction, the last of these comes through"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_within_the_other_organisation_the_same_calls_find_its_rows(pair: Pair) -> None:
    unreached = set()
    for name, given, _ in _cases(pair):
        answer, changed = await pair.told(pair.other.org, pair.other.org, name, given)
        met = changed or pair.shows(answer, given) or "IntegrityError" in answer  # its own row stands there already
        if not met and (answer in ("None", "()", "[]", "{}", "False", "0") or answer.startswith("refused")):
            unreached.add(name)
    assert len(pair.functions) - len(unreached) >= REACHED, sorted(unreached)


def _cases(pair: Pair) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each function, with the other's ids and, for each of them, with one that nothing has."""
    for name, function in pair.functions.items():
        given = pair.other.arguments(name, function)
        yield name, given, renamed(given, {secret: _nowhere(secret) for secret in pair.secrets})


def _nowhere(secret: str) -> str:
    return new_id() if len(secret) == 36 else secret[::-1]


def _blind(answer: str, given: Mapping[str, Any]) -> str:
    """An answer without what was asked."""
    for asked in sorted(set(texts_in(given)), key=len, reverse=True):
        answer = answer.replace(asked, "ASKED")
    return answer
