"""Every verb of the command line, told a name of another organisation: answered word for word as one that nothing has, and nothing of the other's changes.

The verbs are those that the program lists itself; the twin is the same verb in the other organisation. Limits: who sits at the machine may name any
organisation with `--org`, but has to be one of its people.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
import typer
from sqlalchemy import select
from typer.testing import CliRunner, Result

from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, new_id
from presswarden.policy import presets
from presswarden.processes.cli import app
from tests.claims.attacks import Attack, attack_of
from tests.console.furnished import furnish
from tests.console.rig import open_house
from tests.database.doubled import fill_the_rest, rows_of, tables, texts_of
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.req("W4", "X10")

OF_THE_INSTALLATION = {
    "serve", "web", "dispatcher", "janitor", "courier", "analyst", "migrate", "doctor", "backup", "restore", "upgrade", "audit verify-export", "policy check",
}  # fmt: skip
"""They work at the whole installation, or at files, and name nothing of an organisation."""
_NO = ("--seconds", "1")
NAMING: dict[str, tuple[tuple[str, ...], ...]] = {
    "stop": (("--site", "{site}", "--reason", "x"), ("--client", "{client}", "--reason", "x")),
    "resume": (("--site", "{site}", "--reason", "x"), ("--client", "{client}", "--reason", "x")),
    "site show": (("{site}",), ("{label}",), ("{home}",)),
    "site read": (("{site}", "wp.site.health", *_NO), ("--request", "{request}", *_NO)),
    "site update": (("{site}", "plugin:akismet/akismet.php", *_NO),),
    "site changes": (("{site}",),),
    "site mode": (("{site}",), ("{site}", "observe"), ("{site}", "--critical")),
    "site health-urls": (("{site}",), ("{site}", "--none")),
    "site pause": (("{site}", "--reason", "x"),),
    "site resume": (("{site}",),),
    "site revoke": (("{site}", "--reason", "x", "--yes"),),
    "site rotate": (("{site}",),),
    "site moved": (("{site}",),),
    "proposal list": (("--site", "{site}"),),
    "proposal plan": (("--site", "{site}"),),
    "proposal show": (("{proposal}",),),
    "proposal adopt": (("{proposal}",),),
    "proposal approve": (("{proposal}",),),
    "proposal reject": (("{proposal}", "--reason", "x"),),
    "change show": (("{change}",),),
    "snapshot list": (("{site}",),),
    "snapshot restore": (("{site}", "{snapshot}", *_NO),),
    "snapshot delete": (("{site}", "{snapshot}", *_NO),),
    "policy show": (("--site", "{site}"),),
    "policy preset": (("balanced", "--site", "{site}"),),
    "policy diff": (("{file}", "--site", "{site}"),),
    "policy set": (("{file}", "--site", "{site}"),),
    "policy confirm": (("1", "--site", "{site}"),),
    "person add": (("Nora", "nora@example.org", "--site", "{site}"),),
    "person invite": (("Nora", "nora@example.org", "--site", "{site}"), ("Nora", "nora@example.org", "--client", "{client}")),
    "person export": (("{person}",), ("{mail}",)),
    "person erase": (("{person}",), ("{mail}",)),
    "person back": (("{person}",), ("{mail}",)),
    "person passkey remove": (("{passkey}",),),
    "incident list": (("--site", "{site}"),),
    "incident show": (("{incident}",),),
    "incident close": (("{incident}", "--reason", "x"),),
    "audit list": (("--entry", "{entry}"),),
}
PLAIN = {
    "limit list": (), "limit set": ("session_hours", "12"), "stops": (), "site list": (), "site pair": ("newcomer", "--no-wait"), "change list": (),
    "person list": (), "person passkey list": (), "person passkey add": ("mine",), "url change": ("https://other.example",),
    "audit verify": (), "audit export": ("{folder}",), "incident list": ("--all",), "proposal list": ("--all",), "audit list": ("--limit", "200"),
}  # fmt: skip
"""Verbs that name nothing: what they tell is one's own."""
WAITING = {
    "site read",
    "site update",
    "site pause",
    "site resume",
    "site revoke",
    "site rotate",
    "site moved",
    "snapshot list",
    "snapshot restore",
    "snapshot delete",
}
"""Their twin would wait for a site that is not there; `tests/console` and the stories know them."""
REFUSED_ALIKE = {"person erase", "proposal approve", "resume", "site resume", "person passkey remove"}
"""Their twin is refused too, where nobody sits at a terminal."""


@dataclass
class Two:
    home: Path
    names: dict[str, str]
    """How the other organisation's things are called."""
    secrets: frozenset[str]
    other: OrgId
    url: str

    def run(self, agency: str, *words: str, who: str = "") -> Result:
        env = {"PRESSWARDEN_DATABASE": self.url, "PRESSWARDEN_URL": "http://localhost:8700", "COLUMNS": "200"}
        called = ["--home", str(self.home), "--org", agency, "--as", who or f"owner@{agency.lower()}.example", *words]
        return CliRunner(env=env).invoke(app, called)

    def state(self) -> dict[str, list[Any]]:
        async def read() -> dict[str, list[Any]]:
            database = Database(self.url)
            async with database.reading(EVERYONE) as tx:
                found = {
                    each.name: sorted(map(repr, await tx.direct.execute(select(each).where(each.c.org == self.other)))) for each in tables()
                }
            await database.dispose()
            return found

        return asyncio.run(read())


@pytest.fixture
def attack(request: pytest.FixtureRequest) -> Attack:
    return attack_of(request)


@pytest.fixture
def two(database_url: str, tmp_path: Path, frozen: FrozenClock) -> Two:
    async def furnished() -> Two:
        database = Database(database_url)
        houses = [await open_house(database, frozen, name=name) for name in ("Northwind", "Southwind")]
        for house in houses:
            there = await furnish(house)
            async with house.transaction() as tx:
                await fill_the_rest(tx, house.org, house.organisation.name, frozen.now())
        async with database.reading(EVERYONE) as tx:
            own, rows = await rows_of(tx, houses[0].org), await rows_of(tx, houses[1].org)
        await database.dispose()
        only = next(row for row in rows["sites"] if row.label == "Only Southwind")
        names = {
            **there.names, "site": only.site, "label": only.label, "home": next(row.home for row in rows["installations"] if row.site == only.site),
            "request": rows["mailbox_requests"][0].id, "mail": "quinn.southwind@example.org", "passkey": rows["passkeys"][0].id,
            "snapshot": rows["verified_snapshots"][0].snapshot, "file": str(tmp_path / "policy.json"), "folder": str(tmp_path / "log"),
        }  # fmt: skip
        return Two(tmp_path, names, texts_of(rows) - texts_of(own), houses[1].org, database_url)

    made = asyncio.run(furnished())
    document = presets.document(presets.Preset.BALANCED, policy_id=f"pol_{new_id()}", concerns=made.names["site"], at=frozen.now())
    (tmp_path / "policy.json").write_text(json.dumps(document))
    return made


def verbs(command: click.Command | None = None, before: str = "") -> Iterator[str]:
    found = command or typer.main.get_command(app)
    inner = getattr(found, "commands", None)
    if inner is None:
        yield before
    else:
        for name, each in inner.items():
            yield from verbs(each, f"{before} {name}".strip())


def test_every_verb_stands_in_the_table() -> None:
    assert set(verbs()) == OF_THE_INSTALLATION | NAMING.keys() | PLAIN.keys()


def test_a_name_of_another_organisation_is_one_that_nothing_has(two: Two, attack: Attack) -> None:
    before = two.state()
    for verb, name, words in _naming():
        foreign, absent = two.names[name], _nowhere(name, two.names[name])
        told, nothing = (
            _said(two.run("Northwind", *verb.split(), *_filled(words, two.names | {name: each})), each) for each in (foreign, absent)
        )
        attack.repelled(f"{verb} {name}", told == nothing and not _shown(two, told[1], words), (told, nothing))
    for verb, words in PLAIN.items():
        _, told = _said(two.run("Northwind", *verb.split(), *_filled(words, two.names)))
        attack.repelled(verb, not _shown(two, told, words), told)
    for verb in (*NAMING, *PLAIN) if "sqlite" in two.url else ():
        words = _filled(NAMING[verb][0] if verb in NAMING else PLAIN[verb], two.names)
        ran = two.run("Southwind", *verb.split(), *words, who="owner@northwind.example")
        attack.repelled(f"{verb}, by nobody of theirs", ran.exit_code != 0 and not _shown(two, ran.output, words), ran.output)
    attack.repelled("rows of the other organisation", two.state() == before, "changed")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_in_the_other_organisation_the_same_names_are_known(two: Two) -> None:
    alike = set()
    for verb, name, words in (each for each in _naming() if each[0] not in WAITING):
        foreign, absent = two.names[name], _nowhere(name, two.names[name])
        told, nothing = (
            _said(two.run("Southwind", *verb.split(), *_filled(words, two.names | {name: each})), each) for each in (foreign, absent)
        )
        if told == nothing:
            alike.add(verb)
    assert alike <= REFUSED_ALIKE


def _naming() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Each verb with each name that it takes."""
    for verb, cases in NAMING.items():
        for words in cases:
            yield from ((verb, word[1:-1], words) for word in words if word.startswith("{") and word not in ("{file}",))


def _filled(words: tuple[str, ...], names: dict[str, str]) -> tuple[str, ...]:
    return tuple(names[word[1:-1]] if word.startswith("{") else word for word in words)


def _nowhere(name: str, known: str) -> str:
    return new_id() if re.fullmatch(r"[0-9a-f-]{36}", known) else known.replace("outhwind", "owhere").replace("shop", "nowhere")


def _said(ran: Result, asked: str = "") -> tuple[int, str]:
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return ran.exit_code, ran.output.replace(asked, "ASKED") if asked else ran.output


def _shown(two: Two, told: str, words: tuple[str, ...]) -> list[str]:
    asked = " ".join(words)
    return [secret for secret in two.secrets if secret in told and secret not in asked and secret not in two.names.values()]
