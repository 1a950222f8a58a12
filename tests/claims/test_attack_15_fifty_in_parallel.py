"""Attack 15: send one captured request fifty times at the same moment, so that a check overtakes its own record.

What stops it: the record is the check. One INSERT under unique keys; the database lets one of them through. Counted by the lab's oracle, not by the
answers, on SQLite and on MariaDB. The proofs: the same code without the unique keys, and a claim that reads first and inserts after.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.claims.attacks import Attack
from tests.claims.replays import CLAIM, PLAIN, REST, crowd, intact_again, times_ran
from tests.claims.victims import Paired, Swap, put_connector
from tests.connector.wire import Message

pytestmark = [pytest.mark.site, pytest.mark.mariadb, pytest.mark.req("P3", "W2")]

CROWD = 50
READ_FIRST = Swap(
    CLAIM,
    "		$taken = Quietly::ask(",
    '		if ( null !== $wpdb->get_var( $wpdb->prepare( "SELECT n FROM {$table} WHERE id = %s OR nonce = %s", $call->tool_call_id, $call->nonce ) ) ) {\n'
    "			throw $this->why_not( $call );\n		}\n		usleep( 200000 );\n		$taken = Quietly::ask(",
)


@pytest.fixture(params=["sqlite", "mariadb"])
def target(request: pytest.FixtureRequest, mutated_site: Callable[..., Paired]) -> Paired:
    """An intact paired site on each database."""
    return mutated_site() if request.param == "sqlite" else intact_again(request.getfixturevalue("maria"))


def drop_unique_keys(paired: Paired) -> None:
    if paired.site.database.file is None:
        for key in ("id", "nonce"):
            paired.site.query(f"ALTER TABLE wp_presswarden_calls DROP INDEX {key}")
        return
    for row in paired.site.query(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'wp_presswarden_calls' AND sql LIKE '%UNIQUE%'"
    ):
        paired.site.query(f'DROP INDEX "{row["name"]}"')


def add_unique_keys(paired: Paired) -> None:
    """For the site that can't be put back."""
    if paired.site.database.file is None:
        paired.site.query(
            "DELETE FROM wp_presswarden_calls WHERE n < ( SELECT claimed FROM ( SELECT MAX(n) AS claimed FROM wp_presswarden_calls ) AS t )"
        )
        for key in ("id", "nonce"):
            paired.site.query(f"ALTER TABLE wp_presswarden_calls ADD UNIQUE KEY {key} ({key})")


def codes(attack: Attack, paired: Paired, message: Message, path: str) -> None:
    answers = crowd([message] * CROWD, paired.site.url, path=path)
    told = sorted(answer.code or "done" for answer in answers)
    attack.repelled(f"{CROWD} at {path}", told == ["call.duplicate"] * (CROWD - 1) + ["done"], told)
    assert all(paired.here.receipt_holds(message, answer) for answer in answers)


@pytest.mark.parametrize("path", [REST, PLAIN])
def test_of_fifty_at_once_exactly_one_runs(attack: Attack, target: Paired, path: str) -> None:
    message = target.here.message("wp.site.inventory")
    codes(attack, target, message, path)
    target.site.await_events("action_ran", 1)
    attack.repelled("how often it ran", times_ran(target, message) == 1, times_ran(target, message))


def test_of_fifty_that_share_a_nonce_an_id_or_neither_the_right_number_runs(attack: Attack, target: Paired) -> None:
    here, body = target.here, target.here.body("wp.site.health")
    one_nonce = [Message(body, here.headers(f"{n:08x}-0000-4000-8000-000000000000", body)) for n in range(CROWD)]
    told = sorted(answer.code or "done" for answer in crowd(one_nonce, target.site.url))
    attack.repelled("one nonce under fifty ids", told == ["call.replay"] * (CROWD - 1) + ["done"], told)
    one_id = [here.message("wp.site.health", tool_call_id="11111111-0000-4000-8000-000000000000") for _ in range(CROWD)]
    told = sorted(answer.code or "done" for answer in crowd(one_id, target.site.url))
    attack.repelled("one id with fifty bodies", told == ["call.conflict"] * (CROWD - 1) + ["done"], told)
    assert len(target.site.await_events("action_ran", 2)) == 2


def test_fifty_different_requests_at_once_all_run(target: Paired) -> None:
    messages = [target.here.message("wp.site.health") for _ in range(CROWD)]
    assert [answer.status for answer in crowd(messages, target.site.url)] == [200] * CROWD
    assert len(target.site.await_events("action_ran", CROWD)) == CROWD


def test_without_the_unique_keys_more_than_one_runs(target: Paired) -> None:
    drop_unique_keys(target)
    try:
        message = target.here.message("wp.site.health")
        crowd([message] * 4, target.site.url)
        assert times_ran(target, message) > 1
    finally:
        add_unique_keys(target)


def test_with_a_claim_that_reads_first_and_inserts_after_more_than_one_runs(target: Paired) -> None:
    put_connector(target.site, READ_FIRST)
    drop_unique_keys(target)
    try:
        message = target.here.message("wp.site.health")
        crowd([message] * 12, target.site.url)
        assert times_ran(target, message) > 1
    finally:
        add_unique_keys(target)
        put_connector(target.site)
