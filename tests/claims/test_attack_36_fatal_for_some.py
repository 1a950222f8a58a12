"""Attack 36: a new version that dies only on the checkout, only for who is signed in, or only while a cache is cold.

What stops it: the watchdog counts a fatal error of the component on whatever request it happens, so the first who meets it has the old version back. While
nobody meets it the change stands open and is taken back at its deadline unless the control plane calls it good. The proof lets the watchdog overlook fatal
errors: then the page stays broken. Limits: what dies only after the change was called good is a new incident and no rollback.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest

from lab.errors import LabError
from tests.claims.attacks import Attack
from tests.claims.changing import state_of, weakened
from tests.claims.doors import logged_in
from tests.claims.victims import Swap
from tests.recovery.opened import Watched

pytestmark = [pytest.mark.site, pytest.mark.req("W15")]

DIES = "presswarden_test_is_not_there();"
OVERLOOKED = Swap(
    "src/Watch/Watch.php",
    "return Evidence::names_it( $this->marker, $fatal ) ? Evidence::FATAL_HERE : Evidence::FATAL_ELSEWHERE;",
    "return '';",
)
CASES = {
    "on the checkout": f"add_action( 'template_redirect', static function () {{ if ( str_contains( $_SERVER['REQUEST_URI'], '/checkout' ) ) {{ {DIES} }} }} );",
    "for who is signed in": f"add_action( 'init', static function () {{ if ( is_user_logged_in() ) {{ {DIES} }} }} );",
    "while a cache is cold": f"add_action( 'init', static function () {{ if ( false === get_transient( 'tiny_warm' ) ) {{ {DIES} }} }} );",
}


def visitors(watched: Watched) -> dict[str, Callable[[], None]]:
    """Who meets it, made ready before the change."""
    site = watched.site
    site.php("set_transient( 'tiny_warm', 1, 3600 );")
    admin = logged_in(site, site.admin)

    def signed_in() -> None:
        with suppress(LabError, httpx.HTTPError):
            admin.get("/wp-admin/")

    def cold() -> None:
        site.query("DELETE FROM wp_options WHERE option_name LIKE '%tiny_warm%'")
        watched.get("/")

    return {"on the checkout": lambda: watched.get("/checkout/") and None, "for who is signed in": signed_in, "while a cache is cold": cold}


@pytest.mark.parametrize("case", CASES)
def test_the_first_who_meets_it_has_the_old_version_back(watched: Watched, attack: Attack, case: str) -> None:
    meets = visitors(watched)[case]
    change = watched.open(CASES[case])
    assert [watched.get(path).status_code for path in ("/", "/wp-json/")] == [200, 200], "everybody else sees nothing of it"
    attack.repelled(f"{case}: open until somebody calls it good", state_of(watched) == (change, "confirm"), watched.state())
    meets()
    attack.repelled(case, watched.answers() == "1.0" and state_of(watched) == (change, "restored"), watched.state())
    watched.is_whole()


def test_a_version_that_only_looks_there_stays(watched: Watched) -> None:
    change = watched.open("\n".join(code.replace(DIES, "do_action( 'tiny_looked' );") for code in CASES.values()))
    for meets in visitors(watched).values():
        meets()
    assert state_of(watched) == (change, "confirm")
    assert watched.close(change).status == 200


def test_without_the_look_at_fatal_errors_the_page_stays_broken(watched: Watched) -> None:
    with weakened(watched.site, OVERLOOKED):
        change = watched.open(CASES["on the checkout"])
        assert watched.get("/checkout/").status_code == 500
        assert watched.get("/checkout/").status_code == 500
        assert state_of(watched) == (change, "confirm")
        assert watched.close(change).status == 200
