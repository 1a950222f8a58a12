"""Packages and offers, as an analyst sees them."""

import sqlalchemy as sa
from alembic import op

revision = "20261120_14"
down_revision = "20261120_13"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "telemetry_offers",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("site", sa.String(36), nullable=False),
        sa.Column("component", sa.String(300), nullable=False),
        sa.Column("version", sa.String(100), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("first_seen", moment, nullable=False),
        sa.Column("gone_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("org", "site", "component", "version", name="pk_telemetry_offers"),
    )
    op.create_index("ix_telemetry_offers_gone_at", "telemetry_offers", ["gone_at"])
    op.create_table(
        "proposal_packages",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("component", sa.String(300), nullable=False),
        sa.Column("version", sa.String(100), nullable=False),
        sa.Column("origin", sa.String(12), nullable=False),
        sa.Column("place", sa.String(500), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("code", sa.String(60), nullable=False),
        sa.Column("says", sa.String(300), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("changed", sa.Boolean, nullable=False),
        sa.Column("wanted_at", moment, nullable=False),
        sa.Column("looked_at", moment, nullable=True),
        sa.Column("due_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("org", "id", name="pk_proposal_packages"),
    )
    op.create_index("ix_proposal_packages_org_component_version", "proposal_packages", ["org", "component", "version"])
    op.create_index("ix_proposal_packages_org_due_at", "proposal_packages", ["org", "due_at"])
    op.create_index("ix_proposal_packages_wanted_at", "proposal_packages", ["wanted_at"])
