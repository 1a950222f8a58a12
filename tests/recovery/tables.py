"""What is in a site's database, past WordPress: to compare two moments of it, and to put things there that no plugin would."""

from __future__ import annotations

import json
import sqlite3
import uuid
from contextlib import closing
from typing import Any

from lab.site import Site

STAYING = ("wp_users", "wp_usermeta", "wp_presswarden_calls", "wp_presswarden_journal")


def run(site: Site, *statements: str) -> None:
    """Statements in one session, past WordPress."""
    if site.database.file is not None:
        with closing(sqlite3.connect(site.database.file, timeout=30)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()
        return
    file = site.state / f"statements-{uuid.uuid4()}.json"
    file.write_text(json.dumps(statements))
    site.php(
        "foreach ( json_decode( file_get_contents( $argv[1] ) ) as $statement ) {"
        " if ( false === mysqli_query( $wpdb->dbh, $statement ) ) { fwrite( STDERR, mysqli_error( $wpdb->dbh ) . $statement ); exit( 1 ); } }",
        str(file),
    )


def post(title: str, kind: str = "post") -> str:
    return f"wp_insert_post(array('post_title'=>'{title}','post_type'=>'{kind}','post_status'=>'publish'));"


NEXT_SECOND = "time_sleep_until( time() + 1 );"
"""Rows carry whole seconds: what is written in the second of a snapshot counts as written after it."""


def tables(site: Site) -> list[str]:
    if site.database.file is not None:
        rows = site.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'wp\\_%' ESCAPE '\\' ORDER BY name")
        return [str(row["name"]) for row in rows]
    return [str(next(iter(row.values()))) for row in site.query("SHOW TABLES LIKE 'wp\\_%'")]


def content(site: Site) -> dict[str, Any]:
    """What each table is and holds; of the options only what is neither ours, for a while nor an appointment."""
    found: dict[str, Any] = {}
    if site.database.file is not None:
        for table in tables(site):
            made = site.query(f"SELECT type, name, sql FROM sqlite_master WHERE tbl_name = '{table}' ORDER BY type, name")
            found[table] = json.dumps([made, site.query(f"SELECT * FROM {table} ORDER BY 1")], default=str)
    else:
        found = json.loads(
            site.php(
                "$found = array(); foreach ( $wpdb->get_col( \"SHOW TABLES LIKE 'wp\\\\_%'\" ) as $t ) {"
                ' $found[ $t ] = array( $wpdb->get_row( "SHOW CREATE TABLE $t", ARRAY_N )[1], $wpdb->get_row( "CHECKSUM TABLE $t", ARRAY_N )[1] ); }'
                "echo json_encode( $found );"
            )
        )
    kept = "option_name NOT LIKE '%presswarden%' AND option_name NOT LIKE '%transient%' AND option_name NOT IN ('cron', 'active_plugins', 'wp_user_roles')"
    found["wp_options"] = json.dumps(
        site.query(f"SELECT option_id, option_name, option_value, autoload FROM wp_options WHERE {kept} ORDER BY option_id")
    )
    return {table: value for table, value in found.items() if table not in STAYING}


def pairing(site: Site) -> dict[str, Any]:
    """What of our own record a call does not change."""
    record: dict[str, Any] = json.loads(str(site.option("presswarden_record")))
    return {name: record[name] for name in ("state", "installation", "site_secret", "site_public", "control_keys", "generation", "agent")}


def notes(site: Site) -> str:
    """What the SQLite drop-in wrote down about the tables; '' elsewhere."""
    if site.database.file is None:
        return ""
    names = [
        str(row["name"])
        for row in site.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '\\_wp\\_sqlite\\_%' ESCAPE '\\'")
    ]
    return json.dumps([sorted(json.dumps(row, default=str) for row in site.query(f"SELECT * FROM {name}")) for name in sorted(names)])
