"""The dispatcher's keys (sealed), fences, and failed contacts."""

import sqlalchemy as sa
from alembic import op

revision = "20261120_08"
down_revision = "20261120_07"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "control_keys",
        sa.Column("kid", sa.String(16), primary_key=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
    )
    op.create_table(
        "call_keys",
        sa.Column("org", sa.String(36), primary_key=True),
        sa.Column("installation", sa.String(36), primary_key=True),
        sa.Column("kid", sa.String(16), primary_key=True),
        sa.Column("alg", sa.String(16), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_site", sa.LargeBinary(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("not_after", moment, nullable=True),
        sa.Column("made_at", moment, nullable=False),
    )
    op.create_table(
        "fences",
        sa.Column("org", sa.String(36), primary_key=True),
        sa.Column("installation", sa.String(36), primary_key=True),
        sa.Column("fence", sa.Integer(), nullable=False),
    )
    op.create_table(
        "contacts",
        sa.Column("org", sa.String(36), primary_key=True),
        sa.Column("installation", sa.String(36), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("first_failed_at", moment, nullable=False),
        sa.Column("last_failed_at", moment, nullable=False),
    )
