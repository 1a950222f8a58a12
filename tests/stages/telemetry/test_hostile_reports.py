"""Reports of a hostile site: bounded, refused whole, never interpreted, and harmless to look at."""

from datetime import UTC, datetime
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Database
from presswarden.kernel.errors import Malformed, PresswardenError, TooLarge
from presswarden.kernel.ids import OrgId
from presswarden.telemetry import documents
from presswarden.telemetry import service as telemetry
from presswarden.telemetry.model import Components, PersonalData, shown
from tests.fakes.clock import FrozenClock
from tests.stages.telemetry.reports import INVENTORY, full, heartbeat, installation

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HASH = "0" * 64


def _nested(levels: int) -> dict[str, Json]:
    inner: Json = "x"
    for _ in range(levels):
        inner = {"a": inner}
    return {"a": inner}


REFUSED: dict[str, tuple[dict[str, Json], type[PresswardenError]]] = {
    "a missing key": ({key: value for key, value in heartbeat(1, NOON, {}).items() if key != "fence"}, Malformed),
    "an unknown key": (heartbeat(1, NOON, {}, mails=[]), Malformed),
    "another version": (heartbeat(1, NOON, {}, v=2), Malformed),
    "true as version": (heartbeat(1, NOON, {}, v=True), Malformed),
    "inventory and delta": (full(1, NOON, {}, delta={"base": HASH, "set": {}, "unset": []}), Malformed),
    "sequence zero": (heartbeat(0, NOON, {}), Malformed),
    "true as sequence": (heartbeat(1, NOON, {}, seq=True), Malformed),
    "a text as sequence": (heartbeat(1, NOON, {}, seq="1"), Malformed),
    "a fence below zero": (heartbeat(1, NOON, {}, fence=-1), Malformed),
    "an epoch before the first": (heartbeat(1, NOON, {}, epoch=0), Malformed),
    "a time in the last century": (heartbeat(1, NOON, {}, sent_at=900_000_000), Malformed),
    "a time beyond the calendar": (heartbeat(1, NOON, {}, sent_at=2**53 - 1), Malformed),
    "a hash in capitals": (heartbeat(1, NOON, {}, inventory_hash="A" * 64), Malformed),
    "an unknown pause": (heartbeat(1, NOON, {}, paused="maybe"), Malformed),
    "a long reason for repair": (heartbeat(1, NOON, {}, repair="x" * 201), Malformed),
    "a long checkpoint": (heartbeat(1, NOON, {}, checkpoint="x" * 8_193), Malformed),
    "counters as a list": (heartbeat(1, NOON, {}, refusals=[]), Malformed),
    "a counter that is hostile text": (heartbeat(1, NOON, {}, refusals={"<b>": 1}), Malformed),
    "a counter below zero": (heartbeat(1, NOON, {}, refusals={"call.rate": -1}), Malformed),
    "too many counters": (heartbeat(1, NOON, {}, refusals={f"call.c{n}": 1 for n in range(201)}), Malformed),
    "an inventory that is a list": (heartbeat(1, NOON, {}, inventory=[]), Malformed),
    "a component that is a text": (heartbeat(1, NOON, {}, inventory={"core": "7.1"}), Malformed),
    "a component of no family": (heartbeat(1, NOON, {}, inventory={"users": {}}), Malformed),
    "a plugin without a file": (heartbeat(1, NOON, {}, inventory={"plugin:": {}}), Malformed),
    "a translation without a locale": (heartbeat(1, NOON, {}, inventory={"translation:core": {}}), Malformed),
    "5,001 components": (heartbeat(1, NOON, {}, inventory={f"plugin:{n}": {} for n in range(5_001)}), TooLarge),
    "a name of 1,001 characters": (heartbeat(1, NOON, {}, inventory={"core": {"version": "x" * 1_001}}), TooLarge),
    "a key of 1,001 characters": (heartbeat(1, NOON, {}, inventory={"plugin:" + "x" * 994: {}}), Malformed),
    "more than 1 MiB": (heartbeat(1, NOON, {}, inventory={f"plugin:{n}": {"name": "x" * 1_000} for n in range(1_100)}), TooLarge),
    "deep nesting": (heartbeat(1, NOON, {}, inventory={"core": _nested(5)}), Malformed),
    "a delta without a base": (heartbeat(1, NOON, {}, delta={"set": {}, "unset": []}), Malformed),
    "a delta that sets and unsets": (heartbeat(1, NOON, {}, delta={"base": HASH, "set": {"core": {}}, "unset": ["core"]}), Malformed),
    "a delta that unsets twice": (heartbeat(1, NOON, {}, delta={"base": HASH, "set": {}, "unset": ["core", "core"]}), Malformed),
    "a delta that unsets a number": (heartbeat(1, NOON, {}, delta={"base": HASH, "set": {}, "unset": [1]}), Malformed),
    "a delta that unsets a text": (heartbeat(1, NOON, {}, delta={"base": HASH, "set": {}, "unset": "core"}), Malformed),
}


@pytest.mark.req("P5", "N4")
@pytest.mark.parametrize("name", REFUSED)
def test_a_report_out_of_form_or_out_of_bounds_is_refused(name: str) -> None:
    body, error = REFUSED[name]
    with pytest.raises(error) as refused:
        documents.heartbeat(body)
    assert refused.value.do, "a refusal says what to do next"


@pytest.mark.req("N4")
def test_a_report_at_each_bound_is_taken() -> None:
    largest: Components = {f"plugin:{n}": {"v": "1"} for n in range(5_000)}
    longest: Components = {"core": {"version": "x" * 1_000}, "plugin:" + "x" * 993: {"a": {"a": {"a": {}}}}}
    for components in (largest, longest, INVENTORY):
        assert documents.heartbeat(full(1, NOON, components)).inventory == components


PERSONAL: dict[str, dict[str, Json]] = {
    "a mail address": {"users": {"0f3c9a1be2d45a77": "ada@shop.example"}},
    "a mail address as a name": {"users": {"ada@shop.example": 1}},
    "a mail address written for a URL": {"users": {"ada%40shop.example": 1}},
    "a person's name": {"users": [{"name": "Ada Lovelace"}]},
    "a login name": {"users": {"ada": {"count": 1}}},
    "a login name of hex digits": {"users": {"ada1": {"count": 1}}},
    "a mail address inside other text": {"note": "ask Ada <ada@shop.example>"},
}


@pytest.mark.req("W13", "N4")
@pytest.mark.parametrize("name", PERSONAL)
async def test_personal_data_beside_application_passwords_is_refused_and_not_kept(
    name: str, database: Database, org: OrgId, frozen: FrozenClock
) -> None:
    of = installation(org)
    body = full(1, frozen.now(), {"passwords": PERSONAL[name]})
    with pytest.raises(PersonalData) as refused:
        async with database.transaction(org) as tx:
            await telemetry.take_heartbeat(tx, of, body, frozen.now())
    assert "ada" not in f"{refused.value.says} {refused.value.do}".lower()
    async with database.reading(org) as tx:
        assert await telemetry.inventory(tx, of.site) is None
        assert await telemetry.standing(tx, of.site) is None


@pytest.mark.req("W13")
async def test_a_delta_can_bring_no_mail_address_in(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    body = heartbeat(1, frozen.now(), {}, delta={"base": HASH, "set": {"passwords": {"a": "ada@shop.example"}}, "unset": []})
    with pytest.raises(PersonalData):
        async with database.transaction(org) as tx:
            await telemetry.take_heartbeat(tx, of, body, frozen.now())


async def test_a_hostile_name_is_kept_as_it_came_and_shown_harmless(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    name = "<script>alert(1)</script>\x1b[2J\u202egnp.exe\u200b"
    components: dict[str, dict[str, Json]] = {"plugin:evil/evil.php": {"name": name}}
    async with database.transaction(org) as tx:
        await telemetry.take_heartbeat(tx, of, full(1, frozen.now(), components), frozen.now())
    async with database.reading(org) as tx:
        known = await telemetry.inventory(tx, of.site)
    assert known is not None
    assert known.components["plugin:evil/evil.php"]["name"] == name
    assert shown(name) == "<script>alert(1)</script><U+001B>[2J<U+202E>gnp.exe<U+200B>"


SHOWN = {
    "Akismet Anti-Spam 5.7": "Akismet Anti-Spam 5.7",
    "Zoë 日本語 плагин": "Zoë 日本語 плагин",
    "two\nlines\r\x00\x9b": "two<U+000A>lines<U+000D><U+0000><U+009B>",
    "\u2066isolated\u2069\u061c\ufeff": "<U+2066>isolated<U+2069><U+061C><U+FEFF>",
    "soft\u00adhyphen\u00a0no-break": "soft<U+00AD>hyphen<U+00A0>no-break",
    "tag\U000e0041 filler\u3164 braille\u2800 selector\ufe0f": "tag<U+E0041> filler<U+3164> braille<U+2800> selector<U+FE0F>",
    "z\u0300\u0301\u0302\u0303\u0304": "z\u0300\u0301\u0302<U+0303><U+0304>",
    "\ud800": "<U+D800>",
}


@pytest.mark.parametrize("text", SHOWN)
def test_what_people_see_names_every_invisible_character(text: str) -> None:
    assert shown(text) == SHOWN[text]


def test_an_overlong_text_is_cut_and_says_so() -> None:
    assert shown("x" * 201) == "x" * 200 + "…"
    assert shown("abcdef", 3) == "abc…"


@given(st.text())
def test_nothing_shown_can_move_a_cursor_or_turn_a_line_round(text: str) -> None:
    assert all(char == " " or category(char)[0] not in {"C", "Z"} for char in shown(text, 10_000))
