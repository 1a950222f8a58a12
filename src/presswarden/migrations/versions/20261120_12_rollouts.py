"""Work and changes."""

import sqlalchemy as sa
from alembic import op

revision = "20261120_12"
down_revision = "20261120_11"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "work",
        sa.Column("org", sa.String(36), primary_key=True),
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("proposal", sa.String(36), nullable=False),
        sa.Column("site", sa.String(36), nullable=False),
        sa.Column("installation", sa.String(36), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("correlation", sa.String(64), nullable=False),
        sa.Column("filed_at", moment, nullable=False),
        sa.Column("not_before", moment, nullable=False),
        sa.Column("not_after", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.UniqueConstraint("org", "proposal", "site", name="uq_work_org_proposal_site"),
    )
    op.create_index("ix_work_state", "work", ["state", "not_before"])
    op.create_table(
        "changes",
        sa.Column("org", sa.String(36), primary_key=True),
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("work", sa.String(36), nullable=False),
        sa.Column("proposal", sa.String(36), nullable=False),
        sa.Column("site", sa.String(36), nullable=False),
        sa.Column("leaf", sa.Integer(), nullable=False),
        sa.Column("tool", sa.String(64), nullable=False),
        sa.Column("component", sa.String(400), nullable=False),
        sa.Column("was", sa.String(100), nullable=False),
        sa.Column("version", sa.String(100), nullable=False),
        sa.Column("snapshot", sa.String(36), nullable=True),
        sa.Column("step", sa.String(64), nullable=False),
        sa.Column("result", sa.String(16), nullable=True),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("seen", sa.JSON(), nullable=False),
        sa.Column("site_class", sa.String(32), nullable=False),
        sa.Column("began_at", moment, nullable=True),
        sa.Column("ended_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["org", "work"], ["work.org", "work.id"], name="fk_changes_org_work"),
    )
    op.create_index("ix_changes_proposal", "changes", ["org", "proposal"])
    op.create_index("ix_changes_site", "changes", ["org", "site"])
    op.create_index("ix_changes_component", "changes", ["org", "component"])
