"""Attack 16: replay, within its window, a call that the site's memory lost: caches flushed, transients gone, database put back to before the call.

What stops it: used ids stand in a table and nowhere else (caches and transients play no part). When the database itself goes back, a file outside it still
names the newest call; that call is missing from the table, so nothing runs, the site is quiet until a person decides, and whatever was signed up to that
moment (and the 30 seconds a signer's clock may be ahead) stays refused. The proofs take these apart one by one. Limits: a restore of files and database
together shows to the control plane only, by numbers that go back (attack 5).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.claims.attacks import Attack
from tests.claims.doors import status
from tests.claims.replays import CLAIM, backup, crowd, intact_again, times_ran
from tests.claims.victims import Paired, Swap, put_connector
from tests.connector.wire import Message

pytestmark = [pytest.mark.site, pytest.mark.mariadb, pytest.mark.req("P3", "W2", "W17")]

REFUSED = ("call.store", "call.duplicate", "call.replay")
CALLS, WATER = "src/Site/Calls.php", "src/Site/HighWater.php"
FORGETFUL = Swap(CALLS, "$this->must_remember( $call, $row, $water, $now );")
BY_NUMBER_ALONE = Swap(CALLS, "$found['id'] === $water->newest_id()", "true")
OLD_CALLS_WELCOME = Swap(CALLS, "if ( $envelope->timestamp <= $record->not_before ) {", "if ( false ) {")
CLOCKS_AGREE = Swap(WATER, "$now + Verifier::SKEW", "$now")
IN_A_TRANSIENT = Swap(
    CLAIM,
    "		$taken = Quietly::ask(",
    "		if ( false !== get_transient( 'seen_' . $call->tool_call_id ) ) {\n			throw $this->why_not( $call );\n		}\n"
    "		set_transient( 'seen_' . $call->tool_call_id, 1, 900 );\n		$call->tool_call_id = wp_generate_uuid4();\n"
    "		$call->nonce        = bin2hex( random_bytes( 16 ) );\n		$taken = Quietly::ask(",
)


@pytest.fixture(params=["sqlite", "mariadb"])
def target(request: pytest.FixtureRequest, mutated_site: Callable[..., Paired]) -> Paired:
    """A paired site on each database, quiet for nobody, that can take calls now."""
    if request.param == "sqlite":
        return mutated_site()
    maria: Paired = request.getfixturevalue("maria")
    intact_again(maria)
    open_for_calls(maria)
    return maria


def open_for_calls(paired: Paired) -> None:
    """After a restore calls are refused for as long as a signer's clock may be ahead; this lets that time pass without waiting for it."""
    paired.site.php(
        "( new Presswarden\\Connector\\Site\\RecordStore() )->change( static function ( $record ): void { $record->not_before = 0; } );"
    )


def captured(paired: Paired, count: int = 1, ahead: int = 0, tool: str = "control.resume") -> tuple[Callable[[], None], list[Message]]:
    """A backup, and calls that ran after it was made."""
    old = paired.here.message("wp.site.health")
    assert paired.send(old).status == 200
    put_back = backup(paired.site)
    messages = [paired.here.message(tool, timestamp=int(time.time()) + ahead)]
    messages += [paired.here.message("wp.site.health") for _ in range(count - 1)]
    assert [paired.send(one).status for one in messages] == [200] * count
    return put_back, messages


def never_again(attack: Attack, paired: Paired, messages: list[Message], variant: str) -> None:
    for message in messages:
        attack.refused(variant, paired.send(message), *REFUSED)
    ran = [times_ran(paired, message) for message in messages]
    attack.repelled(f"{variant}: how often each ran", ran == [1] * len(ran), ran)


def test_caches_and_transients_play_no_part(attack: Attack, mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site()
    message = paired.here.message("wp.site.inventory")
    assert paired.send(message).status == 200
    paired.site.php("wp_cache_flush(); wp_cache_init();")
    never_again(attack, paired, [message], "object cache flushed")
    paired.site.query("DELETE FROM wp_options WHERE option_name LIKE '%_transient_%'")
    paired.site.php("delete_expired_transients( true );")
    never_again(attack, paired, [message], "all transients evicted")
    paired.site.query("DELETE FROM wp_options WHERE option_name IN ('presswarden_flags', 'presswarden_inventory', 'cron')")
    attack.repelled("flags, inventory and cron deleted", paired.send(message).status >= 400)
    paired.site.php("Presswarden\\Connector\\Site\\Flags::follow( ( new Presswarden\\Connector\\Site\\RecordStore() )->read() );")
    never_again(attack, paired, [message], "flags back")


def test_a_database_put_back_to_before_the_call_does_not_forget_it(attack: Attack, target: Paired) -> None:
    put_back, messages = captured(target, 3)
    put_back()
    never_again(attack, target, messages[::-1], "newest first")
    assert (status(target.site)["repair"], status(target.site)["quiet"]) == ("restored", "restored")
    never_again(attack, target, messages, "once more")
    put_back()
    never_again(attack, target, messages, "put back a second time")


def test_a_read_that_is_replayed_before_anything_else_is_refused_too(attack: Attack, target: Paired) -> None:
    put_back, messages = captured(target, 3, tool="wp.site.health")
    put_back()
    never_again(attack, target, messages, "oldest first")


def test_row_numbers_used_up_by_refused_duplicates_do_not_hide_the_gap(attack: Attack, target: Paired) -> None:
    known = target.here.message("wp.site.health")
    assert target.send(known).status == 200
    put_back, messages = captured(target, 2, tool="wp.site.health")
    put_back()
    for _ in range(4):
        attack.refused("a duplicate that the backup knows", target.send(known), "call.duplicate")
    never_again(attack, target, messages, "after used-up numbers")


def test_a_call_signed_by_a_clock_ahead_of_the_sites_is_refused_too(attack: Attack, target: Paired) -> None:
    put_back, messages = captured(target, 2, ahead=25, tool="wp.site.health")
    put_back()
    assert target.call("wp.site.health").code == "call.store", "an honest call finds it"
    never_again(attack, target, messages, "signed 25 s ahead")


def test_a_heartbeat_that_finds_it_first_changes_nothing(attack: Attack, target: Paired) -> None:
    put_back, messages = captured(target, 2)
    assert target.site.wp("presswarden", "heartbeat").code == 0
    put_back()
    assert target.site.wp("presswarden", "heartbeat").code == 0
    assert target.peer.heartbeats[-1].body["repair"] == "restored"
    never_again(attack, target, messages, "after a heartbeat")


def test_fifty_replays_at_once_after_the_restore_run_nothing(attack: Attack, target: Paired) -> None:
    put_back, messages = captured(target, 5, tool="wp.site.inventory")
    put_back()
    told = {answer.code for answer in crowd(messages * 10, target.site.url)}
    attack.repelled("fifty at once", told <= set(REFUSED), told)
    never_again(attack, target, messages, "and one by one after them")


def test_once_a_person_has_decided_new_calls_are_answered(target: Paired) -> None:
    put_back, _ = captured(target)
    put_back()
    assert target.call("wp.site.health").code == "call.store"
    assert target.site.wp("presswarden", "restored").code == 0
    open_for_calls(target)
    answer = target.call("wp.site.health")
    assert answer.result["quiet"] == ""


@pytest.mark.parametrize("changes", [(FORGETFUL, OLD_CALLS_WELCOME), (FORGETFUL,)])
def test_without_the_memory_outside_the_database_the_call_runs_twice(
    mutated_site: Callable[..., Paired], changes: tuple[Swap, ...]
) -> None:
    paired = mutated_site(*changes)
    health = paired.here.message("wp.site.health")
    put_back = backup(paired.site)
    assert paired.send(health).status == 200
    put_back()
    assert paired.send(health).status == 200
    assert times_ran(paired, health) == 2


def test_by_row_numbers_alone_a_few_duplicates_let_the_call_run_twice(maria: Paired) -> None:
    """On MariaDB a refused INSERT uses a number up."""
    intact_again(maria)
    open_for_calls(maria)
    put_connector(maria.site, BY_NUMBER_ALONE)
    known, health = maria.here.message("wp.site.health"), maria.here.message("wp.site.health")
    assert maria.send(known).status == 200
    put_back = backup(maria.site)
    assert maria.send(health).status == 200
    put_back()
    for _ in range(3):
        assert maria.send(known).code == "call.duplicate"
    assert maria.send(health).status == 200
    assert times_ran(maria, health) == 2


@pytest.mark.parametrize(("change", "ahead"), [(OLD_CALLS_WELCOME, 0), (CLOCKS_AGREE, 25)])
def test_without_the_bar_on_calls_signed_before_the_find_an_older_call_runs_twice(
    mutated_site: Callable[..., Paired], change: Swap, ahead: int
) -> None:
    paired = mutated_site(change)
    put_back = backup(paired.site)
    health = paired.here.message("wp.site.health", timestamp=int(time.time()) + ahead)
    assert paired.send(health).status == 200
    assert paired.call("wp.site.health").status == 200
    put_back()
    assert paired.call("wp.site.health").code == "call.store"
    assert paired.send(health).status == 200
    assert times_ran(paired, health) == 2


def test_ids_kept_in_transients_are_forgotten_and_the_call_runs_twice(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site(IN_A_TRANSIENT)
    message = paired.here.message("wp.site.health")
    assert paired.send(message).status == 200
    ran = len(paired.ran())
    assert paired.send(message).status >= 400
    assert len(paired.ran()) == ran
    paired.site.query("DELETE FROM wp_options WHERE option_name LIKE '%_transient_%seen_%'")
    assert paired.send(message).status == 200
    assert len(paired.ran()) == ran + 1
