"""Attack 37: a page cache goes on serving the old pages, so that a broken update looks well.

A cache of whole pages stands before WordPress, as a host's or a plugin's does. What stops it: the control plane looks at an address that no cache has seen
and says so in its request; the site's own word comes by a signed call, which no cache answers. The proof looks as visitors do: the cache hides the error.
Limits: a cache that answers addresses it never saw, whatever they ask, hides pages from every look; the site's signed word remains.
"""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from presswarden.dispatch.model import Page
from tests.claims.attacks import Attack
from tests.claims.changing import state_of
from tests.recovery.opened import Watched
from tests.stages.outside.test_pages import visit, wire

pytestmark = [pytest.mark.site, pytest.mark.req("N6", "W15")]

CACHE = """<?php
/* A page cache as hosts run them: whole pages, for whoever asks without a cookie. Must-use, and before every other plugin. */
$room = WP_CONTENT_DIR . '/page-cache/';
$uri  = (string) ( $_SERVER['REQUEST_URI'] ?? '' );
if ( 'GET' === ( $_SERVER['REQUEST_METHOD'] ?? '' ) && ! str_contains( $uri, 'wp-' ) && ! str_contains( $uri, 'presswarden-test' ) ) {
	$kept = $room . md5( $uri ) . '.html';
	if ( is_readable( $kept ) ) {
		header( 'X-Cache: HIT' );
		readfile( $kept );
		exit;
	}
	ob_start( static function ( string $page ) use ( $room, $kept ): string {
		if ( 200 === http_response_code() ) {
			is_dir( $room ) || mkdir( $room );
			file_put_contents( $kept, $page );
		}
		return $page;
	} );
}
"""
DIES = "add_action( 'template_redirect', static function () { presswarden_test_is_not_there(); } );"


@pytest.fixture
def cached(watched: Watched) -> Iterator[Watched]:
    drop_in = watched.site.content / "mu-plugins" / "00-page-cache.php"
    drop_in.write_text(CACHE)
    try:
        yield watched
    finally:
        drop_in.unlink()
        shutil.rmtree(watched.site.content / "page-cache", ignore_errors=True)


def looked(watched: Watched) -> Page:
    """What the control plane's own look makes of the front page."""
    made, permit = visit(watched.site.url, "")
    (page,) = asyncio.run(wire(30).look(replace(made, bust=uuid.uuid4().hex), permit))
    return page


def seen_by_visitors(watched: Watched) -> httpx.Response:
    answer = watched.get("/")
    assert answer.headers.get("X-Cache") == "HIT"
    return answer


def test_the_look_sees_what_the_cache_hides(cached: Watched, attack: Attack) -> None:
    assert cached.get("/").status_code == 200
    before = looked(cached)
    assert (before.status, before.fatal) == (200, False)
    change = cached.open(DIES)
    assert seen_by_visitors(cached).status_code == 200, "the cache hides it from everybody"
    attack.repelled("nobody met it, and nobody called it good", state_of(cached) == (change, "confirm"), cached.state())
    after = looked(cached)
    attack.repelled("the look", after.status >= 500 or after.fatal, after)
    attack.repelled("the site's own word, over a signed call", state_of(cached) == (change, "restored"), cached.state())


def test_a_good_version_behind_a_cache_is_seen_to_be_good(cached: Watched) -> None:
    cached.get("/")
    change = cached.open()
    assert (looked(cached).status, looked(cached).fatal) == (200, False)
    assert cached.close(change).status == 200


def test_without_an_address_of_its_own_a_look_is_answered_by_the_cache(cached: Watched) -> None:
    cached.get("/")
    change = cached.open(DIES)
    assert seen_by_visitors(cached).status_code == 200
    assert state_of(cached) == (change, "confirm")
    assert cached.close(change).status == 200, "called good although every page dies"
