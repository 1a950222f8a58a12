"""Codes become statuses and exit codes in one place, and every code of the wire has a sentence and a next step."""

import re
from pathlib import Path

import pytest

from presswarden.kernel.db import DatabaseGone
from presswarden.kernel.sealing import KekMissing
from presswarden.sites.model import MessageRefusal, PairingRefusal
from presswarden.surfaces import problems
from presswarden.surfaces.ingest.refusals import TEXTS, Refusal

WIRE = (Path(__file__).parents[3] / "contract" / "wire.md").read_text()


def test_every_refusal_that_the_wire_names_has_its_status_a_sentence_and_a_next_step() -> None:
    pairs = re.findall(r"`((?:pairing|ingest|request)\.[a-z_]+)`(?: \(| )(\d{3})", WIRE)
    assert len({code for code, _ in pairs}) >= 20
    for code, number in pairs:
        assert problems.status(code) == int(number), code
        assert all(TEXTS[code]), code


def test_no_refusal_of_a_stage_is_missing_from_the_texts() -> None:
    assert {one.value for one in (*PairingRefusal, *MessageRefusal)} <= TEXTS.keys()


def test_a_problem_body_has_the_four_keys_of_the_wire_and_named_extras() -> None:
    number, body = Refusal("ingest.window", extra={"control_time": 7}).answer()
    assert number == 401
    assert body.startswith(b'{"code":"ingest.window","control_time":7,"do":"')
    assert body.endswith(b',"v":1}')


def test_a_fault_of_our_own_side_tells_the_caller_nothing_of_it() -> None:
    number, body = problems.of(DatabaseGone("The database at /srv/secret.sqlite can't be opened.", do="Look at /srv."))
    assert number == 503
    assert b"/srv" not in body


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("request.malformed", 2), ("sites.url", 2), ("identity.forbidden", 3), ("gate.paused", 3), ("gate.no_decision", 3), ("call.paused", 4),
        ("site.unreachable", 5), ("site.answers_html", 5), ("audit.checkpoint", 6), (KekMissing.code, 7), (DatabaseGone.code, 7), ("sites.unknown", 1),
        ("nobody.knows.this", 1), ("", 1),
    ],
)  # fmt: skip
def test_exit_codes_follow_the_longest_family_of_a_code(code: str, expected: int) -> None:
    assert problems.exit_code(code) == expected


def test_an_unknown_code_is_our_own_fault() -> None:
    assert problems.status("nobody.knows.this") == 500
