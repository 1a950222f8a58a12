"""Installations that are held after the control plane was restored, until their site was heard. NULL: not held."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_20"
down_revision = "20261122_10"


def upgrade() -> None:
    op.add_column("installations", sa.Column("restored_at", sa.DateTime(timezone=True), nullable=True))
