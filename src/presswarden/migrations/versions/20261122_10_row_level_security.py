"""Row-level security: on PostgreSQL every table with an organisation shows and takes the rows of the one that the transaction named, and no others.

FORCE, so that it holds for the tables' owner too. Across organisations goes a transaction that says so in a setting of its own, as the owner, or as a role
that `deploy/grants.sql` gave the table for it (docs/decisions/0010). SQLite has nothing of the kind.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_10"
down_revision = "20261121_24"

_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org' AND NOT a.attisdropped
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' ORDER BY c.relname
"""
# In a SELECT of its own each is asked once for a statement, and not for each row. A setting that was local to an earlier transaction reads as '' in this one.
_MINE = "org = (SELECT nullif(current_setting('presswarden.org', true), ''))"
_ACROSS = "(SELECT current_setting('presswarden.everyone', true)) = 'yes'"


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in op.get_bind().scalars(sa.text(_TABLES)).all():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({_MINE}) WITH CHECK ({_MINE})")
        op.execute(f"CREATE POLICY whole ON {table} TO CURRENT_USER USING ({_ACROSS}) WITH CHECK ({_ACROSS})")
