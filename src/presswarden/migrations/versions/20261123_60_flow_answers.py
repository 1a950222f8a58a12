"""What the steps of work under way answered, in the product's own books: kept in the transaction that builds on it. They go when the work ends."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_60"
down_revision = "20261123_21"


def upgrade() -> None:
    op.create_table(
        "flow_answers",
        sa.Column("org", sa.String(36), nullable=False),
        sa.Column("work", sa.String(36), nullable=False),
        sa.Column("step", sa.String(120), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("org", "work", "step", name="pk_flow_answers"),
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("ALTER TABLE flow_answers ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE flow_answers FORCE ROW LEVEL SECURITY")
    mine = "org = (SELECT nullif(current_setting('presswarden.org', true), ''))"
    op.execute(f"CREATE POLICY tenant ON flow_answers USING ({mine}) WITH CHECK ({mine})")
    across = "(SELECT current_setting('presswarden.everyone', true)) = 'yes'"
    op.execute(f"CREATE POLICY whole ON flow_answers TO CURRENT_USER USING ({across}) WITH CHECK ({across})")
