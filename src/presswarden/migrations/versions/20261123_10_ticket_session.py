"""A ticket to the origin for consents belongs to the session that made it. Tickets live ten minutes: those from before are let go."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_10"
down_revision = "20261122_20"


def upgrade() -> None:
    op.execute("DELETE FROM consent_tickets")
    op.add_column("consent_tickets", sa.Column("session", sa.String(36), nullable=True))
