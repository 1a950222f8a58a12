"""Attack 26: bring other files onto the site than the package that was approved, or bring them to another place.

Layers: the hash in the leaf is compared before anything is unpacked; WordPress's own unzipping leaves out what climbs; what stands on the disk afterwards is
compared with what was in the package. Limits: a plan that binds no hash takes what the update server gives; the policy counts that against it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab.packages import SLIPPED, Kind, plugin_files, zipped
from tests.claims.attacks import Attack
from tests.claims.changing import weakened
from tests.claims.victims import Swap
from tests.recovery.acting import TINY, ZERO, Changed

pytestmark = [pytest.mark.site, pytest.mark.req("N13", "N2")]

HASHED = Swap("src/Site/Updates/Package.php", "if ( '' !== $expected && ! hash_equals( $expected, $hash ) ) {", "if ( false ) {")
LOOKED_AGAIN = Swap("src/Site/Updates/Update.php", "if ( $before != $this->component->installed() ) {", "if ( false ) {")


def stands(changed: Changed) -> tuple[str, bool, bool]:
    """Version on the disk, nothing of an upgrader left, nothing slipped out."""
    main = changed.on_disk("plugins/tiny")["tiny.php"].decode()
    # Not rglob: WordPress empties its folders after it has answered, and a folder that goes while it is looked at is no failure.
    slipped = [folder for folder, _, names in os.walk(changed.site.root.parent) if SLIPPED in names]
    return main.partition("Version: ")[2].partition("\n")[0], changed.clean(), slipped == []


UNTOUCHED = ("1.0", True, True)


def test_only_the_package_that_was_approved_is_unpacked(changed: Changed, attack: Attack) -> None:
    good = changed.offer()
    evil = zipped(plugin_files("tiny", "1.1", "file_put_contents( ABSPATH . 'taken.txt', 'x' );"))
    changed.updates.offer("tiny", "1.1", package=evil)
    attack.refused("swapped after the approval", changed.update(TINY, "1.1", package=good), "action.package_hash")
    attack.repelled("untouched", stands(changed) == UNTOUCHED, stands(changed))
    for kind in (Kind.REDIRECT, Kind.CHANGED, Kind.HTML, Kind.CUT_ZIP):
        changed.offer("1.1", kind)
        answer = changed.update(TINY, "1.1", package=ZERO)
        attack.refused(f"another package: {kind}", answer, "action.package_hash", "action.download")
        attack.repelled(f"untouched: {kind}", stands(changed) == UNTOUCHED, stands(changed))
    assert not (changed.site.root / "taken.txt").exists()


def test_an_approved_package_reaches_no_other_place(changed: Changed, attack: Attack) -> None:
    """It was approved by its hash, and it is hostile all the same."""
    for kind in (Kind.ZIP_SLIP, Kind.SYMLINK):
        expected = changed.offer("1.1", kind)
        answer = changed.update(TINY, "1.1", package=expected)
        attack.repelled(f"{kind}: where it was told to go", stands(changed)[2], answer.body[:200])
        links = [path for path in (changed.site.content / "plugins" / "tiny").rglob("*") if path.is_symlink()]
        attack.repelled(f"{kind}: no link", links == [])
        changed.reset()


def test_the_package_that_was_approved_is_installed(changed: Changed) -> None:
    expected = changed.offer()
    assert changed.update(TINY, "1.1", package=expected).result["package"] == expected
    assert changed.served() == "1.1"
    assert changed.close().status == 200


def test_without_the_comparison_the_swapped_package_is_installed(changed: Changed) -> None:
    good = changed.offer()
    changed.updates.offer("tiny", "1.1", package=zipped(plugin_files("tiny", "1.1", "file_put_contents( ABSPATH . 'taken.txt', 'x' );")))
    with weakened(changed.site, HASHED):
        assert changed.update(TINY, "1.1", package=good).status == 200
        assert changed.served() == "1.1"
    assert (changed.site.root / "taken.txt").exists()
    (changed.site.root / "taken.txt").unlink()
    assert changed.close().status == 200


@contextmanager
def somebody_quicker(changed: Changed) -> Iterator[None]:
    """While our package is on its way, somebody else puts 1.0.5 there."""
    plugin = changed.site.content / "mu-plugins" / "06-quicker.php"
    plugin.write_text(
        "<?php add_filter( 'upgrader_pre_download', static function ( $reply ) { $main = WP_PLUGIN_DIR . '/tiny/tiny.php';"
        " file_put_contents( $main, str_replace( 'Version: 1.0', 'Version: 1.0.5', file_get_contents( $main ) ) ); return $reply; } );"
    )
    try:
        yield
    finally:
        plugin.unlink()


def test_what_somebody_else_installed_meanwhile_is_not_overwritten(changed: Changed, attack: Attack) -> None:
    changed.offer()
    with somebody_quicker(changed):
        attack.refused("quicker than the download", changed.update(TINY, "1.1"), "action.before")
    attack.repelled("theirs stands", stands(changed) == ("1.0.5", True, True), stands(changed))
    changed.reset()
    changed.offer()
    with somebody_quicker(changed), weakened(changed.site, LOOKED_AGAIN):
        assert changed.update(TINY, "1.1").status == 200, "without the second look it would be gone"
    assert changed.close().status == 200
