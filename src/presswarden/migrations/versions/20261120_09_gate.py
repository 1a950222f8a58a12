"""The gate's books: token buckets, permits, the kill switch."""

import sqlalchemy as sa
from alembic import op

revision = "20261120_09"
down_revision = "20261120_08"


def upgrade() -> None:
    op.create_table(
        "gate_buckets",
        sa.Column("org", sa.String(36), primary_key=True),
        sa.Column("installation", sa.String(36), primary_key=True),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "gate_permits",
        sa.Column("org", sa.String(36), primary_key=True),
        sa.Column("call", sa.String(36), primary_key=True),
        sa.Column("installation", sa.String(36), nullable=False),
        sa.Column("tool", sa.String(64), nullable=False),
        sa.Column("args_hash", sa.String(64), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("renewals", sa.Integer(), nullable=False),
    )
    op.create_index("ix_gate_permits_given_at", "gate_permits", ["given_at"])
    op.create_table(
        "gate_stops",
        sa.Column("org", sa.String(36), primary_key=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("stopped_by", sa.String(64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )
