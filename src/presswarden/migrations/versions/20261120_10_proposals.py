"""Proposals and the components they touch. What was filed is fixed: only where it stands and who adopted it may change, held by triggers."""

import sqlalchemy as sa
from alembic import op

revision = "20261120_10"
down_revision = "20261120_09"

FIXED = (
    "org", "id", "source", "by_kind", "by_id", "title", "items", "evidence", "confidence", "risk", "header", "leaves", "digest",
    "not_before", "not_after", "correlation", "filed_at", "approve_by", "execute_by",
)  # fmt: skip


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "proposals",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("source", sa.String(12), nullable=False),
        sa.Column("by_kind", sa.String(16), nullable=False),
        sa.Column("by_id", sa.String(64), nullable=False),
        sa.Column("adopted_by_kind", sa.String(16), nullable=True),
        sa.Column("adopted_by_id", sa.String(64), nullable=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("risk", sa.String(12), nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.Column("leaves", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("not_before", moment, nullable=False),
        sa.Column("not_after", moment, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("correlation", sa.String(64), nullable=False),
        sa.Column("filed_at", moment, nullable=False),
        sa.Column("approve_by", moment, nullable=False),
        sa.Column("execute_by", moment, nullable=False),
        sa.Column("decided_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("org", "id", name="pk_proposals"),
        sa.UniqueConstraint("org", "digest", name="uq_proposals_org_digest"),
        sa.CheckConstraint("length(digest) = 64", name="ck_proposals_digest"),
        sa.CheckConstraint("adopted_by_kind IS NULL OR adopted_by_kind = 'person'", name="ck_proposals_people_adopt"),
    )
    op.create_index("ix_proposals_org_state_filed_at", "proposals", ["org", "state", "filed_at"])
    op.create_table(
        "proposal_items",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("proposal", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("site", sa.String(36), nullable=False),
        sa.Column("component", sa.String(400), nullable=False),
        sa.PrimaryKeyConstraint("org", "proposal", "position", name="pk_proposal_items"),
        sa.ForeignKeyConstraint(["org", "proposal"], ["proposals.org", "proposals.id"], name="fk_proposal_items_org_proposal"),
    )
    op.create_index("ix_proposal_items_org_site_component", "proposal_items", ["org", "site", "component"])
    (_fix_sqlite if op.get_bind().dialect.name == "sqlite" else _fix_postgresql)()


def _fix_sqlite() -> None:
    refused = "BEGIN SELECT RAISE(ABORT, 'what was proposed is fixed'); END"
    op.execute(f"CREATE TRIGGER proposals_fixed BEFORE UPDATE OF {', '.join(FIXED)} ON proposals {refused}")
    op.execute(f"CREATE TRIGGER proposal_items_fixed BEFORE UPDATE ON proposal_items {refused}")
    # REPLACE would put another row in the old one's place.
    there = "SELECT 1 FROM proposals WHERE org = NEW.org AND (id = NEW.id OR digest = NEW.digest)"
    op.execute(f"CREATE TRIGGER proposals_no_replace BEFORE INSERT ON proposals WHEN EXISTS ({there}) {refused}")


def _fix_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION proposals_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION 'what was proposed is fixed' USING ERRCODE = '23001'; END $$"
    )
    changed = f"ROW({', '.join(f'OLD.{name}' for name in FIXED)}) IS DISTINCT FROM ROW({', '.join(f'NEW.{name}' for name in FIXED)})"
    op.execute(
        f"CREATE TRIGGER proposals_fixed BEFORE UPDATE ON proposals FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION proposals_fixed()"
    )
    op.execute("CREATE TRIGGER proposal_items_fixed BEFORE UPDATE ON proposal_items FOR EACH ROW EXECUTE FUNCTION proposals_fixed()")
    # ALWAYS: else a session in replica mode passes by.
    for table in ("proposals", "proposal_items"):
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_fixed")
