"""What replay attacks share: crowds of callers, and databases put back to an earlier moment.

Limits: a backup holds the tables a host's own backup would hold; the connector's file outside the database is left alone, as a restore of a database
leaves it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from lab.site import Site
from tests.claims.victims import Paired, put_connector
from tests.connector.wire import Answer, Message, send

REST = "/wp-json/presswarden/v1/call"
PLAIN = "/?rest_route=/presswarden/v1/call"
CLAIM = "src/Site/CallTable.php"


def crowd(messages: Iterable[Message], *homes: str, path: str = REST) -> list[Answer]:
    """All of them at the same time, in turn at each of the addresses."""
    sent = list(messages)
    with ThreadPoolExecutor(len(sent)) as callers:
        return list(callers.map(lambda one: send(homes[one[0] % len(homes)], one[1], path=path), enumerate(sent)))


def backup(site: Site) -> Callable[[], None]:
    """Keeps the database as it is now; calling the result puts it back."""
    return _backup_of_file(site.database.file, site.state / "kept.sqlite") if site.database.file else _backup_of_tables(site)


def _backup_of_file(live: Path, kept: Path) -> Callable[[], None]:
    _copy(live, kept)
    return lambda: _copy(kept, live)


def _backup_of_tables(site: Site) -> Callable[[], None]:
    names = ("wp_options", "wp_presswarden_calls", "wp_presswarden_journal")
    for name in names:
        for step in (
            f"DROP TABLE IF EXISTS kept_{name}",
            f"CREATE TABLE kept_{name} LIKE {name}",
            f"INSERT INTO kept_{name} SELECT * FROM {name}",
        ):
            site.query(step)

    def put_back() -> None:
        for name in names:
            # As a dump is loaded: the table is made anew, and its numbers go on after the highest that the dump holds.
            for step in (f"DROP TABLE {name}", f"CREATE TABLE {name} LIKE kept_{name}", f"INSERT INTO {name} SELECT * FROM kept_{name}"):
                site.query(step)

    return put_back


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source, timeout=30)) as old, closing(sqlite3.connect(target, timeout=30)) as new:
        old.backup(new)


def intact_again(paired: Paired) -> Paired:
    """Ends what earlier attacks left on a site that can't be put back: the connector as it is, and the administrator's word that the restore was theirs."""
    put_connector(paired.site)
    paired.site.wp("presswarden", "restored")
    paired.site.wp("presswarden", "resume")
    paired.site.clear_events()
    return paired


def ids(paired: Paired) -> list[str]:
    """The id of every call that was carried out, as often as it was."""
    return [str(event["tool_call_id"]) for event in paired.ran()]


def times_ran(paired: Paired, message: Message) -> int:
    return ids(paired).count(message.headers["X-WP-Agent-ToolCallId"])
