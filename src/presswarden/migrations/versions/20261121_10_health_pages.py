"""Pages that are looked at on one site after a change. NULL: those of the settings."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_10"
down_revision = "20261120_15"


def upgrade() -> None:
    op.add_column("sites", sa.Column("health_pages", sa.Text(), nullable=True))
