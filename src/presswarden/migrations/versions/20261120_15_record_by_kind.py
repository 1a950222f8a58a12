"""The record by kind: every decision asks when somebody last lost a say, and must not read the whole record for that."""

from alembic import op

revision = "20261120_15"
down_revision = "20261120_14"


def upgrade() -> None:
    op.create_index("ix_audit_events_org_kind_at_id", "audit_events", ["org", "kind", "at", "id"])
