"""What one can ask of an installed WordPress, whether its server runs or not.

Reads files, the database and the oracle's record directly, so that a test does not have to
believe what the site says about itself.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.commands import Ran, attempt, last_words
from lab.config import Database
from lab.errors import LabError
from lab.php import HERE, Php

Event = dict[str, Any]  # a line of JSON; its fields depend on the event
Row = dict[str, Any]


@dataclass
class Installed:
    """A WordPress on disk."""

    name: str
    root: Path
    content: Path
    state: Path
    url: str
    version: str
    database: Database
    php_used: Php
    admin: tuple[str, str]
    app_password: str
    env: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """WordPress's debug.log; it exists once something was logged."""
        return self.state / "debug.log"

    # The command line ------------------------------------------------------------------------

    def _cli(self, script: Path, *args: str, stdin: str | None = None, seconds: float = 120) -> Ran:
        argv = self.php_used.cli(script, *args, settings={"sys_temp_dir": str(self.state / "tmp")})
        (self.state / "tmp").mkdir(exist_ok=True)
        return attempt(argv, env={**self.env, "PRESSWARDEN_LAB_STATE": str(self.state)}, stdin=stdin, seconds=seconds)

    def php(self, code: str | Path, *args: str) -> str:
        """Run PHP code, or a file, inside this site with WordPress loaded; what it printed."""
        with tempfile.TemporaryDirectory(prefix="run-", dir=self.state) as room:
            script = code
            if isinstance(script, str):
                script = Path(room) / "code.php"
                script.write_text(str(code) if str(code).startswith("<?php") else f"<?php\n{code}\n")
            ran = self._cli(HERE / "php" / "run.php", str(self.root), self.url, str(script), *args)
        if ran.code != 0:
            raise LabError(
                f"PHP code failed inside {self.name}",
                f"exit code {ran.code}: {last_words(ran.stderr or ran.stdout)}",
                f"look at {self.log}",
            )
        return ran.stdout

    def wp(self, *args: str, stdin: str | None = None) -> Ran:
        """Run a WP-CLI command that a plugin registered; unpacks as (exit code, stdout)."""
        return self._cli(HERE / "wpcli.php", str(self.root), self.url, *args, stdin=stdin)

    # The oracle ------------------------------------------------------------------------------

    def events(self, event: str | None = None) -> list[Event]:
        """What really happened so far, oldest first; only events of one name if given."""
        path = self.state / "events.jsonl"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        found = [json.loads(line) for line in lines]
        return [one for one in found if event is None or one["event"] == event]

    def clear_events(self) -> None:
        """Forget what happened until now."""
        (self.state / "events.jsonl").unlink(missing_ok=True)

    def await_events(self, event: str, count: int = 1, seconds: float = 10) -> list[Event]:
        """The events of one name once there are `count`; an answer may be read before its request ended."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.events(event)
            if len(found) >= count:
                return found
            if time.monotonic() > deadline:
                raise LabError(
                    f"{self.name} had {len(found)} of {count} events {event!r}", f"none came for {seconds} s", f"look at {self.log}"
                )
            time.sleep(0.02)

    # The database ----------------------------------------------------------------------------

    def query(self, sql: str) -> list[Row]:
        """Rows of one statement, past WordPress; writes are kept. The dialect is the engine's own."""
        file = self.database.file
        if file is not None:
            with closing(sqlite3.connect(file, timeout=30)) as connection:
                connection.row_factory = sqlite3.Row
                rows = [dict(row) for row in connection.execute(sql)]
                connection.commit()
                return rows
        ran = self._cli(HERE / "php" / "query.php", self.database.host, self.database.user, self.database.name, stdin=sql)
        if ran.code != 0:
            raise LabError("the statement failed", last_words(ran.stderr or ran.stdout), "correct it")
        rows = json.loads(ran.stdout)
        return list(rows)

    def option(self, name: str) -> str | None:
        """The stored text of an option of the main site, as the table has it (arrays are serialised)."""
        quoted = name.replace("'", "''")
        rows = self.query(f"SELECT option_value FROM wp_options WHERE option_name = '{quoted}'")
        return None if not rows else str(rows[0]["option_value"])

    # Files -----------------------------------------------------------------------------------

    def install_plugin(self, path: Path, activate: bool = True, folder: str | None = None) -> None:
        """Copy a plugin's folder into this site, as an unpacked zip would be, under its own name or `folder`."""
        folder = folder or path.name
        target = self.content / "plugins" / folder
        if target.is_symlink():
            target.unlink()
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(path, target)
        if activate:
            self.php(
                "require_once ABSPATH . 'wp-admin/includes/plugin.php';"
                "foreach ( array_keys( get_plugins() ) as $file ) { if ( dirname( $file ) !== $argv[1] ) { continue; }"
                "$done = activate_plugin( $file, '', is_multisite() );"
                "if ( is_wp_error( $done ) ) { fwrite( STDERR, $done->get_error_message() ); exit( 1 ); } exit( 0 ); }"
                "fwrite( STDERR, 'no plugin in ' . $argv[1] ); exit( 1 );",
                folder,
            )

    def use_updates(self, url: str | None) -> None:
        """Send this site's questions for updates to that loopback server, or nowhere."""
        target = self.state / "updates.url"
        if url is None:
            target.unlink(missing_ok=True)
        else:
            target.write_text(url)
