"""The record by what it is about, and verifications that people ask for."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_23"
down_revision = "20261121_22"


def upgrade() -> None:
    op.create_index("ix_audit_events_org_subject_at_id", "audit_events", ["org", "subject", "at", "id"])
    op.create_index("ix_audit_events_org_correlation_at_id", "audit_events", ["org", "correlation", "at", "id"])
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "audit_checks",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("open_key", sa.String(8), nullable=True),
        sa.Column("asked_kind", sa.String(16), nullable=False),
        sa.Column("asked_id", sa.String(64), nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("seen_at", moment, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("read", sa.BigInteger, nullable=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("heads", sa.Integer, nullable=False),
        sa.Column("copies", sa.Integer, nullable=False),
        sa.Column("payloads", sa.BigInteger, nullable=False),
        sa.Column("good", sa.BigInteger, nullable=False),
        sa.Column("first_bad", sa.BigInteger, nullable=True),
        sa.Column("says", sa.String(500), nullable=False),
        sa.Column("faults", sa.Integer, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("org", "id", name="pk_audit_checks"),
        sa.UniqueConstraint("org", "open_key", name="uq_audit_checks_org_open_key"),
    )
    op.create_index("ix_audit_checks_state", "audit_checks", ["state"])
    op.create_index("ix_audit_checks_org_asked_at", "audit_checks", ["org", "asked_at"])
