"""Incidents and the signals folded into them; one open incident for each site and kind."""

import sqlalchemy as sa
from alembic import op

revision = "20261120_06"
down_revision = "20261120_05"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "incidents",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("site", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("open_key", sa.String(80), nullable=True),
        sa.Column("opened_at", moment, nullable=False),
        sa.Column("last_at", moment, nullable=False),
        sa.Column("recovered_at", moment, nullable=True),
        sa.Column("signals", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("org", "id", name="pk_incidents"),
        sa.UniqueConstraint("org", "open_key", name="uq_incidents_org_open_key"),
    )
    op.create_index("ix_incidents_org_site_opened_at", "incidents", ["org", "site", "opened_at"])
    op.create_table(
        "incident_signals",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("incident", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("org", "incident", "number", name="pk_incident_signals"),
        sa.ForeignKeyConstraint(["org", "incident"], ["incidents.org", "incidents.id"], name="fk_incident_signals_org_incident"),
    )
