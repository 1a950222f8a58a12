"""Kill switches of every reach, and who is told of what happens: letters, preferences, webhooks; what an API client may send twice."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_24"
down_revision = "20261121_23"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _stops()
    _notices()
    op.create_table(
        "api_answers",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("org", "person", "key", name="pk_api_answers"),
    )
    op.create_index("ix_api_answers_at", "api_answers", ["at"])
    op.create_table(
        "process_pulses",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_process_pulses"),
    )


def _stops() -> None:
    op.rename_table("gate_stops", "gate_stops_before")
    op.create_table(
        "gate_stops",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("stopped_by", sa.String(64), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("until", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("org", "scope", "subject", name="pk_gate_stops"),
        sa.CheckConstraint("scope IN ('organisation', 'client', 'site', 'agent')", name="ck_gate_stops_scope"),
        sa.CheckConstraint("(scope = 'organisation') = (subject = '')", name="ck_gate_stops_subject"),
    )
    op.execute(
        "INSERT INTO gate_stops (org, scope, subject, reason, stopped_by, since) "
        "SELECT org, 'organisation', '', reason, stopped_by, since FROM gate_stops_before"
    )
    op.drop_table("gate_stops_before")
    op.create_table(
        "gate_stop_all",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("stopped_by", sa.String(64), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("until", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_gate_stop_all"),
        sa.CheckConstraint("id = 1", name="ck_gate_stop_all_one"),
    )


def _notices() -> None:
    op.create_table(
        "notice_cursors",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org", name="pk_notice_cursors"),
    )
    op.create_table(
        "notice_preferences",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("occasion", sa.String(24), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("org", "person", "occasion", name="pk_notice_preferences"),
    )
    op.create_table(
        "notice_webhooks",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("made_by", sa.String(36), nullable=False),
        sa.Column("last_at", _MOMENT, nullable=True),
        sa.Column("last_says", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("org", "id", name="pk_notice_webhooks"),
    )
    op.create_table(
        "notice_deliveries",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("way", sa.String(8), nullable=False),
        sa.Column("to", sa.String(254), nullable=False),
        sa.Column("occasion", sa.String(24), nullable=False),
        sa.Column("says", sa.String(300), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("path", sa.String(300), nullable=False),
        sa.Column("site", sa.String(36), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("org", "id", name="pk_notice_deliveries"),
    )
    op.create_index("ix_notice_deliveries_state_due_at", "notice_deliveries", ["state", "due_at"])
    op.create_index("ix_notice_deliveries_ended_at", "notice_deliveries", ["ended_at"])
