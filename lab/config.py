"""The wp-config.php of a lab site: WordPress's own settings and nothing a product could notice.

Every constant can be replaced, or left out with None.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

Constant = str | int | bool | None
_KEYS = ("AUTH_KEY", "SECURE_AUTH_KEY", "LOGGED_IN_KEY", "NONCE_KEY")
_SALTS = tuple(key.replace("KEY", "SALT") for key in _KEYS)


@dataclass(frozen=True)
class Database:
    """Where a site keeps its tables."""

    engine: str
    name: str
    host: str = ""
    user: str = ""
    password: str = ""
    folder: Path | None = None

    @property
    def file(self) -> Path | None:
        """The SQLite file."""
        return None if self.folder is None else self.folder / "wp.sqlite"

    def constants(self) -> dict[str, Constant]:
        """What wp-config.php says of it."""
        shared: dict[str, Constant] = {
            "DB_NAME": self.name,
            "DB_USER": self.user,
            "DB_PASSWORD": self.password,
            "DB_HOST": self.host,
            "DB_CHARSET": "utf8mb4",
            "DB_COLLATE": "",
        }
        if self.folder is not None:
            shared |= {"DB_ENGINE": "sqlite", "DB_DIR": str(self.folder), "DB_FILE": "wp.sqlite"}
        return shared


def php_value(value: str | int | bool) -> str:
    """A PHP literal."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def defines(constants: Mapping[str, Constant]) -> str:
    """define() lines; None leaves a constant out."""
    return "".join(f"define( '{name}', {php_value(value)} );\n" for name, value in constants.items() if value is not None)


def defaults(state: Path, url: str, seed: str) -> dict[str, Constant]:
    """What every lab site sets, with keys and salts of its own."""
    found: dict[str, Constant] = {
        "WP_HOME": url,
        "WP_SITEURL": url,
        "WP_ENVIRONMENT_TYPE": "local",  # application passwords over plain http
        "FS_METHOD": "direct",  # the upgrader would ask for FTP credentials
        "DISABLE_WP_CRON": True,  # no request starts a second one behind a test's back
        "WP_HTTP_BLOCK_EXTERNAL": True,  # no call leaves this machine
        "WP_ACCESSIBLE_HOSTS": "127.0.0.1,localhost",
        "WP_DEBUG": True,
        "WP_DEBUG_LOG": str(state / "debug.log"),
        "WP_DEBUG_DISPLAY": False,
        "PRESSWARDEN_LAB_STATE": str(state),
    }
    for name in (*_KEYS, *_SALTS):
        found[name] = hashlib.sha256(f"{name} {seed}".encode()).hexdigest()
    return found


def wp_config(database: Database, constants: Mapping[str, Constant]) -> str:
    """The whole file."""
    return (
        "<?php\n"
        + defines({**database.constants(), **constants})
        + "$table_prefix = 'wp_';\n"
        + "if ( ! defined( 'ABSPATH' ) ) {\n\tdefine( 'ABSPATH', __DIR__ . '/' );\n}\n"
        + "require_once ABSPATH . 'wp-settings.php';\n"
    )
