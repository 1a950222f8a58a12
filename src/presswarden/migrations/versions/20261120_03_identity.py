"""Organisations, people, and the roles they hold."""

import sqlalchemy as sa
from alembic import op

revision = "20261120_03"
down_revision = "20261120_02"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "organisations",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("org", name="pk_organisations"),
    )
    op.create_table(
        "people",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("mail", sa.String(254), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("removed_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("org", "person", name="pk_people"),
        sa.ForeignKeyConstraint(["org"], ["organisations.org"], name="fk_people_org"),
        sa.UniqueConstraint("org", "mail", name="uq_people_org_mail"),
    )
    op.create_table(
        "role_grants",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("site", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("org", "person", "role", "site", name="pk_role_grants"),
        sa.ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"], name="fk_role_grants_org"),
    )
