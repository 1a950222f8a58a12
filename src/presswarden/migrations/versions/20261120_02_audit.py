"""Tables of the record, and the triggers that keep them append-only."""

import sqlalchemy as sa
from alembic import op

revision = "20261120_02"
down_revision = "20261120_01"
branch_labels = None
depends_on = None

_KEYS = {
    "audit_events": ("org", "id"),
    "audit_leaves": ("org", "position"),
    "audit_nodes": ("org", "level", "position"),
    "audit_logs": ("org",),
    "audit_checkpoints": ("org", "size"),
}
"""Tables whose rows neither change nor go, by primary key."""
_EVENT = ("org", "id", "at", "kind", "actor_kind", "actor_id", "subject", "correlation", "leaf", "leaf_hash")
_PAYLOAD = ("salt", "document", "members")


def upgrade() -> None:
    _make_tables()
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    raise NotImplementedError("the record can't be taken back")


def _make_tables() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "audit_events",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("actor_id", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("correlation", sa.String(64), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("org", "id", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_org_at_id", "audit_events", ["org", "at", "id"])
    op.create_table(
        "audit_payloads",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("event", sa.String(36), nullable=False),
        sa.Column("salt", sa.LargeBinary(32), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("members", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("org", "event", name="pk_audit_payloads"),
    )
    op.create_table(
        "audit_queue",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("event", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("org", "at", "event", name="pk_audit_queue"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_leaves",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(36), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("org", "position", name="pk_audit_leaves"),
        sa.UniqueConstraint("org", "event", name="uq_audit_leaves_org_event"),
        sa.ForeignKeyConstraint(["org", "event"], ["audit_events.org", "audit_events.id"], name="fk_audit_leaves_org_event_audit_events"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_nodes",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("node_hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("org", "level", "position", name="pk_audit_nodes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_logs",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("origin", sa.String(255), nullable=False),
        sa.Column("public", sa.LargeBinary(32), nullable=False),
        sa.Column("sealed_seed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("org", name="pk_audit_logs"),
    )
    op.create_table(
        "audit_heads",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("org", name="pk_audit_heads"),
    )
    op.create_table(
        "audit_checkpoints",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("org", "size", name="pk_audit_checkpoints"),
    )


def _insert_both() -> str:
    """An entry is written through the view `audit_entries`: one statement for event, payload and (by the event's trigger) queue row."""
    fresh, rest = ", ".join(f"NEW.{c}" for c in _EVENT), ", ".join(f"NEW.{c}" for c in _PAYLOAD)
    event = f"INSERT INTO audit_events ({', '.join(_EVENT)}) VALUES ({fresh});"  # noqa: S608 - constants
    payload = f"INSERT INTO audit_payloads (org, event, {', '.join(_PAYLOAD)}) VALUES (NEW.org, NEW.id, {rest});"  # noqa: S608 - constants
    return f"{event} {payload}"


def _make_view() -> None:
    columns = ", ".join([*(f"e.{c}" for c in _EVENT), *(f"p.{c}" for c in _PAYLOAD)])
    op.execute(
        f"CREATE VIEW audit_entries AS SELECT {columns} FROM audit_events e JOIN audit_payloads p ON p.org = e.org AND p.event = e.id"  # noqa: S608 - constants
    )


def _guard_sqlite() -> None:
    op.execute(
        "CREATE TRIGGER audit_events_queue AFTER INSERT ON audit_events BEGIN "
        "INSERT INTO audit_queue (org, at, event) VALUES (NEW.org, NEW.at, NEW.id); END"
    )
    _make_view()
    op.execute(f"CREATE TRIGGER audit_entries_insert INSTEAD OF INSERT ON audit_entries BEGIN {_insert_both()} END")
    op.execute(
        "CREATE TRIGGER audit_payloads_no_update BEFORE UPDATE ON audit_payloads BEGIN SELECT RAISE(ABORT, 'audit_payloads is append-only'); END"
    )
    for table, key in _KEYS.items():
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        # REPLACE deletes without a DELETE trigger unless recursive_triggers is on: refuse the second row with a key instead.
        same = " AND ".join(f"{column} = NEW.{column}" for column in key)
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "  # noqa: S608 - constants
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    # The one other unique key that REPLACE could clear a row through.
    op.execute(
        "CREATE TRIGGER audit_leaves_no_second BEFORE INSERT ON audit_leaves "
        "WHEN EXISTS (SELECT 1 FROM audit_leaves WHERE org = NEW.org AND event = NEW.event) "
        "BEGIN SELECT RAISE(ABORT, 'audit_leaves is append-only'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION audit_events_queue() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO audit_queue (org, at, event) VALUES (NEW.org, NEW.at, NEW.id); RETURN NULL; END $$"
    )
    op.execute("CREATE TRIGGER audit_events_queue AFTER INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_events_queue()")
    op.execute("ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_queue")
    op.execute(
        "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'P0A01'; END $$"
    )
    for table in (*_KEYS, "audit_payloads"):
        rows = "UPDATE" if table == "audit_payloads" else "UPDATE OR DELETE"
        op.execute(f"CREATE TRIGGER {table}_rows BEFORE {rows} ON {table} FOR EACH ROW EXECUTE FUNCTION audit_append_only()")
        op.execute(f"CREATE TRIGGER {table}_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()")
        # ALWAYS: else a session in replica mode passes by.
        for name in ("rows", "all"):
            op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}")
