"""Wrapped organisation keys, one for each organisation and owning process."""

import sqlalchemy as sa
from alembic import op

revision = "20261120_01"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "org_keys",
        sa.Column("org", sa.String(36), primary_key=True),
        sa.Column("owner", sa.String(32), primary_key=True),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
    )
