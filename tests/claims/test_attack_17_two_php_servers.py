"""Attack 17: replay a call at the other of two PHP servers that share one site.

What stops it: the claim is a row of the shared database, not anything a server keeps for itself. The proof keeps the used ids in a file of each server
instead (locked, and never wrong on one server). Limits: both servers run on this machine and share the files, as nodes on network storage do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from lab import server
from lab.php import HERE
from lab.site import Site
from tests.claims.attacks import Attack
from tests.claims.replays import CLAIM, REST, crowd, intact_again, times_ran
from tests.claims.victims import Paired, Spare, Swap
from tests.connector.wire import send

pytestmark = [pytest.mark.site, pytest.mark.mariadb, pytest.mark.req("P3", "W2")]

OF_ONE_SERVER = Swap(
    CLAIM,
    "		$taken = Quietly::ask(",
    "		$seen = fopen( sys_get_temp_dir() . '/seen-' . $_SERVER['SERVER_PORT'], 'c+' );\n		flock( $seen, LOCK_EX );\n"
    "		if ( false !== strpos( (string) stream_get_contents( $seen ), $call->tool_call_id ) ) {\n			throw $this->why_not( $call );\n		}\n"
    "		fwrite( $seen, $call->tool_call_id );\n		fclose( $seen );\n		$call->tool_call_id = wp_generate_uuid4();\n"
    "		$call->nonce        = bin2hex( random_bytes( 16 ) );\n		$taken = Quietly::ask(",
)


def second_server(site: Site) -> tuple[int, str]:
    """Another PHP server on the same files; its process and its address."""
    web = server.serve(
        site.php_used,
        root=site.root,
        state=site.state,
        router=HERE / "php" / "router.php",
        port=server.free_port(),
        workers=2,
        env=site.env,
        guard=site.guard,
    )
    return web.pid, f"http://127.0.0.1:{web.port}"


@pytest.fixture(params=["sqlite", "mariadb"])
def nodes(request: pytest.FixtureRequest, mutated_site: Callable[..., Paired]) -> Iterator[tuple[Paired, str]]:
    paired = mutated_site() if request.param == "sqlite" else intact_again(request.getfixturevalue("maria"))
    pid, other = second_server(paired.site)
    yield paired, other
    server.end(pid, paired.site.guard)


def test_a_call_that_one_server_ran_is_refused_by_the_other(attack: Attack, nodes: tuple[Paired, str]) -> None:
    paired, other = nodes
    for first, second in ((paired.site.url, other), (other, paired.site.url)):
        message = paired.here.message("wp.site.health")
        assert send(first, message).status == 200
        attack.refused(f"{first} then {second}", send(second, message), "call.duplicate")
        attack.refused("and back", send(first, message), "call.duplicate")
        attack.repelled("how often it ran", times_ran(paired, message) == 1)


def test_of_fifty_at_both_servers_at_once_exactly_one_runs(attack: Attack, nodes: tuple[Paired, str]) -> None:
    paired, other = nodes
    message = paired.here.message("wp.site.inventory")
    told = sorted(answer.code or "done" for answer in crowd([message] * 50, paired.site.url, other))
    attack.repelled("fifty over two servers", told == ["call.duplicate"] * 49 + ["done"], told)
    paired.site.await_events("action_ran", 1)
    attack.repelled("how often it ran", times_ran(paired, message) == 1, times_ran(paired, message))


def test_both_servers_answer_honest_calls(nodes: tuple[Paired, str]) -> None:
    paired, other = nodes
    messages = [paired.here.message("wp.site.health") for _ in range(10)]
    assert [answer.status for answer in crowd(messages, paired.site.url, other, path=REST)] == [200] * 10


def test_with_ids_that_each_server_keeps_for_itself_the_call_runs_on_both(spare: Spare) -> None:
    paired = spare.paired(OF_ONE_SERVER)
    pid, other = second_server(paired.site)
    try:
        message = paired.here.message("wp.site.health")
        assert [send(home, message).status for home in (paired.site.url, other)] == [200, 200]
        assert len(paired.ran()) == 2
        assert [send(home, message).status >= 400 for home in (paired.site.url, other)] == [True, True]
        assert len(paired.ran()) == 2
    finally:
        server.end(pid, paired.site.guard)
