"""Documents made by a form: what is left out is left out, a hold is one hold more, and what was filled in wrongly is refused by its path."""

from datetime import UTC, date, datetime

import pytest

from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import Malformed
from presswarden.policy import document as documents
from presswarden.policy import drafts
from presswarden.policy.rules import Operations

pytestmark = pytest.mark.req("W14")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def base() -> dict[str, Json]:
    return drafts.base(None, policy_id="pol_1", concerns="org_1", at=NOW)


def test_without_a_document_one_starts_from_what_holds_without_any() -> None:
    assert documents.read(base()).operations == Operations()
    assert documents.read(base()).given == frozenset()


def test_a_setting_that_is_taken_out_gives_way_to_the_default() -> None:
    stricter = drafts.with_operations(base(), {"approval_hours": 10, "max_mode": "approve"}, at=NOW)
    assert documents.read(stricter).operations.approval_hours == 10
    back = drafts.with_operations(stricter, {"approval_hours": None}, at=NOW)
    assert documents.read(back).given == frozenset({"max_mode"})


def test_a_hold_is_one_more_and_those_that_are_over_go() -> None:
    held = drafts.with_hold(base(), component="core", version="*", until=date(2026, 11, 21), reason="new", at=NOW)
    later = datetime(2026, 12, 1, tzinfo=UTC)
    both = drafts.with_hold(held, component="plugin:a/a.php", version="8.*", until=date(2027, 1, 1), reason="why", at=later)
    assert [hold.component for hold in documents.read(held).operations.holds] == ["core"]
    assert [hold.component for hold in documents.read(both).operations.holds] == ["plugin:a/a.php"]
    assert documents.read(drafts.without_hold(both, "plugin:a/a.php", "8.*", at=later)).operations.holds == ()
    assert len(documents.read(drafts.without_hold(both, "plugin:a/a.php", "*", at=later)).operations.holds) == 1


def test_what_was_filled_in_wrongly_is_refused_by_its_path() -> None:
    with pytest.raises(documents.PolicyInvalid) as refused:
        documents.read(drafts.with_operations(base(), {"approval_hours": "many"}, at=NOW))
    assert refused.value.where == "/operations/approval_hours"


@pytest.mark.parametrize("text", ["[]", "null", '{"a":1,"a":2}'])
def test_a_text_that_holds_no_document_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        drafts.parse(text)


def test_a_text_that_is_too_large_is_not_read() -> None:
    with pytest.raises(ValueError, match="too large"):
        drafts.parse(" " * (drafts.LARGEST + 1))
