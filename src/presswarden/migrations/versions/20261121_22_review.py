"""Reviewing in the console: tickets to the origin for consents, who opened what; and what the database itself holds of a consent.

A consent belongs to one proposal with that very digest, a yes to one that waits, never its proposer's own unless marked; one given in the console has at
most medium risk.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261121_22"
down_revision = "20261121_21"

_MOMENT = sa.DateTime(timezone=True)
_FITS = (
    "SELECT 1 FROM proposals p WHERE p.org = NEW.org AND p.id = NEW.proposal AND p.digest = NEW.digest AND (NOT NEW.yes OR (p.state = 'waiting' "
    "AND (NEW.alone OR (p.by_id <> NEW.person AND coalesce(p.adopted_by_id, '') <> NEW.person)) "
    "AND (NEW.way <> 'console' OR p.risk IN ('low', 'medium'))))"
)


def upgrade() -> None:
    op.add_column("consents", sa.Column("read_seconds", sa.Integer(), nullable=True))
    op.create_table(
        "consent_tickets",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("purpose", sa.String(12), nullable=False),
        sa.Column("proposal", sa.String(36), nullable=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("read_seconds", sa.Integer(), nullable=True),
        sa.Column("until", _MOMENT, nullable=False),
        sa.Column("spent_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("org", "hash", name="pk_consent_tickets"),
        sa.ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"], name="fk_consent_tickets_org_person"),
        sa.UniqueConstraint("hash", name="uq_consent_tickets_hash"),
    )
    op.create_table(
        "proposal_reviews",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("proposal", sa.String(36), nullable=False),
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=True),
        sa.Column("later_until", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("org", "proposal", "person", name="pk_proposal_reviews"),
        sa.ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"], name="fk_proposal_reviews_org_person"),
        sa.ForeignKeyConstraint(["org", "proposal"], ["proposals.org", "proposals.id"], name="fk_proposal_reviews_org_proposal"),
    )
    (_bind_sqlite if op.get_bind().dialect.name == "sqlite" else _bind_postgresql)()


def downgrade() -> None:
    raise NotImplementedError("consents can't be taken back")


def _bind_sqlite() -> None:
    op.execute(
        f"CREATE TRIGGER consents_fit BEFORE INSERT ON consents WHEN NOT EXISTS ({_FITS}) "  # constants
        "BEGIN SELECT RAISE(ABORT, 'this proposal takes no such consent'); END"
    )


def _bind_postgresql() -> None:
    op.execute(
        f"CREATE FUNCTION consents_fit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS ({_FITS}) THEN "
        "RAISE EXCEPTION 'this proposal takes no such consent' USING ERRCODE = '23514'; END IF; RETURN NEW; END $$"
    )
    op.execute("CREATE TRIGGER consents_fit BEFORE INSERT ON consents FOR EACH ROW EXECUTE FUNCTION consents_fit()")
    # ALWAYS: else a session in replica mode passes by.
    op.execute("ALTER TABLE consents ENABLE ALWAYS TRIGGER consents_fit")
