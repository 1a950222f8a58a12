"""What sites report: heartbeats, where each site stands, its newest inventory, its newest signed reads."""

import sqlalchemy as sa
from alembic import op

revision = "20261120_05"
down_revision = "20261120_04"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "telemetry_heartbeats",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("installation", sa.String(36), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("site", sa.String(36), nullable=False),
        sa.Column("sent_at", _MOMENT, nullable=False),
        sa.Column("taken_at", _MOMENT, nullable=False),
        *_said_by_the_site(),
        sa.Column("audited", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("org", "installation", "seq", name="pk_telemetry_heartbeats"),
    )
    op.create_index("ix_telemetry_heartbeats_org_audited_taken_at", "telemetry_heartbeats", ["org", "audited", "taken_at"])
    op.create_index("ix_telemetry_heartbeats_taken_at", "telemetry_heartbeats", ["taken_at"])
    op.create_table(
        "telemetry_standings",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("site", sa.String(36), nullable=False),
        sa.Column("installation", sa.String(36), nullable=False),
        sa.Column("expected_since", _MOMENT, nullable=False),
        sa.Column("heard_at", _MOMENT, nullable=True),
        sa.Column("sent_at", _MOMENT, nullable=True),
        sa.Column("read_at", _MOMENT, nullable=True),
        sa.Column("home", sa.String(200), nullable=False),
        sa.Column("checkpoint", sa.Text, nullable=False),
        *_said_by_the_site(),
        sa.PrimaryKeyConstraint("org", "site", name="pk_telemetry_standings"),
    )
    op.create_index("ix_telemetry_standings_heard_at", "telemetry_standings", ["heard_at"])
    op.create_table(
        "telemetry_inventories",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("site", sa.String(36), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("components", sa.JSON, nullable=False),
        sa.Column("sent_at", _MOMENT, nullable=False),
        sa.Column("taken_at", _MOMENT, nullable=False),
        sa.Column("confirmed_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("org", "site", name="pk_telemetry_inventories"),
    )
    op.create_table(
        "telemetry_reads",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("site", sa.String(36), nullable=False),
        sa.Column("tool", sa.String(60), nullable=False),
        sa.Column("result", sa.JSON, nullable=False),
        sa.Column("taken_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("org", "site", "tool", name="pk_telemetry_reads"),
    )


def _said_by_the_site() -> tuple["sa.Column[object]", ...]:
    return (
        sa.Column("connector", sa.String(40), nullable=False),
        sa.Column("paused", sa.String(10), nullable=False),
        sa.Column("repair", sa.String(200), nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("inventory_hash", sa.String(64), nullable=False),
        sa.Column("refusals", sa.JSON, nullable=False),
    )
