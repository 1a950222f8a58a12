"""Attacks 24 and 25: names from the wire that climb out of their folder, name a stream or carry an argument; links in the place of folders.

Layers: the schema of the arguments, then that only what WordPress itself lists has a place on the disk, then the watchdog's own look at each place it moves
files to. Limits: what WordPress lists is what the site's own files say.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.claims.attacks import Attack
from tests.claims.changing import weakened
from tests.claims.victims import Swap
from tests.recovery.acting import TINY, Changed

pytestmark = [pytest.mark.site, pytest.mark.req("W14", "P3")]

ARGUMENTS = Swap("src/Site/Calls.php", "Arguments::check( $call->args, $spec->args );")
SHAPE = Swap("src/Site/SnapshotManifest.php", "'/\\A[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\\z/'", "'/\\A[a-z0-9.\\/-]{5,}\\z/'")
IDS = (
    "../../../escaped",
    "..%2f..%2fescaped",
    "..",
    ".",
    "",
    "/tmp/escaped",
    "a\0b",
    str(uuid.uuid4()).upper(),
    f"{uuid.uuid4()}\n",
    "phar://x",
)
COMPONENTS = (
    "plugin:../../wp-config.php", "plugin:../themes/labtheme/functions.php", "plugin:/etc/passwd", "plugin:tiny/../../index.php",
    "plugin:phar://tiny.zip/tiny.php", "theme:../plugins/tiny", "theme:labtheme/../../plugins/tiny", "theme:..", "core/..", "corex",
    "translation:plugin:../../x:de_DE", "translation:core:default:../../x", "translation:../x:y:z", "plugin:", "plugin:tiny/tiny.php\0.txt",
)  # fmt: skip
VERSIONS = (
    "1.1; touch /tmp/escaped",
    "$(touch /tmp/escaped)",
    "--path=/",
    "--url=x 1.1",
    "../1.1",
    "1.1\n",
    "https://another.example/x.zip",
    "",
)


def create(changed: Changed, snapshot: str, component: str = TINY) -> dict[str, object]:
    return {"component": component, "database": False, "seconds": 1, "snapshot": snapshot, "step": 0}


def outside(changed: Changed) -> set[str]:
    """Everything beside the snapshots that these names could have led to."""
    root = changed.site.root
    names = {
        str(path.relative_to(root))
        for folder in (root, changed.site.content, changed.site.content / "plugins")
        for path in folder.iterdir()
    }
    return names | {path.name for path in root.parent.iterdir()}


def test_no_name_leads_out_of_its_folder(changed: Changed, attack: Attack) -> None:
    before, config = outside(changed), (changed.site.root / "wp-config.php").read_bytes()
    for name in IDS:
        attack.refused(f"snapshot {name!r}", changed.paired.call("wp.snapshot.create", create(changed, name)), "call.args")
        attack.refused(
            f"verify {name!r}", changed.paired.call("wp.snapshot.verify", {"seconds": 1, "snapshot": name, "step": 0}), "call.args"
        )
        attack.refused(f"delete {name!r}", changed.act("wp.snapshot.delete", {"snapshot": name}), "call.args")
        whole = {"change": "", "scope": "files", "snapshot": name}
        attack.refused(f"restore {name!r}", changed.act("wp.snapshot.restore", whole), "call.args")
    for component in COMPONENTS:
        answer = changed.paired.call("wp.snapshot.create", create(changed, str(uuid.uuid4()), component))
        attack.refused(f"component {component!r}", answer, "call.args", "action.snapshot")
    snapshot = changed.snapshot(TINY)
    for version in VERSIONS:
        answer = changed.update(TINY, version, snapshot=snapshot)
        attack.refused(f"version {version!r}", answer, "call.args", "action.offer", "action.downgrade")
    attack.repelled("nothing beside it", outside(changed) == before, outside(changed) ^ before)
    assert (changed.site.root / "wp-config.php").read_bytes() == config


def test_without_the_schema_and_the_shape_a_snapshot_stands_beside_its_folder(changed: Changed) -> None:
    escaped = changed.site.content / "escaped"
    with weakened(changed.site, ARGUMENTS):
        assert changed.paired.call("wp.snapshot.delete", {}).status >= 400
    with weakened(changed.site, ARGUMENTS, SHAPE):
        assert changed.paired.call("wp.snapshot.create", create(changed, "../escaped")).status == 200
    assert escaped.is_dir()
    shutil.rmtree(escaped)


@contextmanager
def linked(changed: Changed) -> Iterator[None]:
    """The plugin's folder is a link to somewhere else on the machine, as on hosts that share plugins."""
    live, shared = changed.site.content / "plugins" / "tiny", changed.site.state / "shared-tiny"
    shutil.rmtree(shared, ignore_errors=True)
    live.rename(shared)
    live.symlink_to(shared)
    try:
        yield
    finally:
        live.unlink()
        shared.rename(live)
        # PHP remembers for two minutes where the link led.
        changed.site.stop()
        changed.site.start()


def test_nothing_is_done_through_a_link(changed: Changed, attack: Attack) -> None:
    changed.offer()
    snapshot = changed.snapshot(TINY)
    with linked(changed):
        attack.refused(
            "packed through it", changed.paired.call("wp.snapshot.create", create(changed, str(uuid.uuid4()))), "action.snapshot"
        )
        attack.refused("updated through it", changed.update(TINY, "1.1", snapshot=snapshot), "action.files")
        restored = changed.act("wp.snapshot.restore", {"change": "", "scope": "files", "snapshot": snapshot})
        attack.repelled("restored through it", restored.status >= 400, restored.body[:200])
        attack.repelled("the link stands", (changed.site.content / "plugins" / "tiny").is_symlink())
    assert changed.served() == "1.0"


def test_the_same_calls_with_honest_names_work(changed: Changed) -> None:
    changed.offer()
    assert changed.update(TINY, "1.1").status == 200
    assert changed.close().status == 200
    assert changed.act("wp.snapshot.delete", {"snapshot": changed.snapshots[-1]}).result["deleted"] is True
