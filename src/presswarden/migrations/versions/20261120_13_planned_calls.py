"""Planned calls of the mailbox, the lock of a site, and the processes that run workflows."""

import sqlalchemy as sa
from alembic import op

revision = "20261120_13"
down_revision = "20261120_12"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("mailbox_requests", sa.Column("planned", sa.JSON(), nullable=True))
    op.add_column("mailbox_requests", sa.Column("held_by", sa.String(128), nullable=True))
    op.add_column("mailbox_requests", sa.Column("turn", sa.String(128), nullable=False, server_default=""))
    op.create_index("ix_mailbox_requests_held_by", "mailbox_requests", ["held_by"])
    op.add_column("fences", sa.Column("seen", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("fences", sa.Column("seen_at", moment, nullable=True))
    op.create_table(
        "site_locks",
        sa.Column("org", sa.String(36), primary_key=True),
        sa.Column("installation", sa.String(36), primary_key=True),
        sa.Column("work", sa.String(36), nullable=False),
        sa.Column("holder", sa.String(36), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("taken_at", moment, nullable=False),
    )
    op.create_table(
        "executors",
        sa.Column("id", sa.String(128), primary_key=True),
        sa.Column("boot", sa.String(36), nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("seen_at", moment, nullable=False),
    )
