"""Tokens have somebody who answers for them; limits that an organisation sets; what one process alone can open; people who are erased.

A webhook's key and a letter that lie in the open from before are sealed by the courier when it starts: no other process holds its key.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261123_11"
down_revision = "20261123_10"

_MOMENT = sa.DateTime(timezone=True)
_ID = sa.String(36)
_MINE = "org = (SELECT nullif(current_setting('presswarden.org', true), ''))"
_ACROSS = "(SELECT current_setting('presswarden.everyone', true)) = 'yes'"


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    op.add_column("api_tokens", sa.Column("made_by", _ID, nullable=True))
    op.add_column("api_tokens", sa.Column("offered_to", _ID, nullable=True))
    op.execute("UPDATE api_tokens SET made_by = person")
    for table in ("notice_webhooks", "notice_deliveries"):
        op.add_column(table, sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.create_table(
        "process_boxes",
        _needed("owner", sa.String(32)),
        _needed("public", sa.LargeBinary()),
        _needed("wrapped", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("owner", name="pk_process_boxes"),
    )
    op.create_table(
        "org_limits",
        _needed("org", _ID),
        _needed("name", sa.String(32)),
        _needed("value", sa.Integer()),
        _needed("set_by", _ID),
        _needed("set_at", _MOMENT),
        sa.PrimaryKeyConstraint("org", "name", name="pk_org_limits"),
        sa.ForeignKeyConstraint(["org"], ["organisations.org"], name="fk_org_limits_org"),
    )
    op.create_table(
        "erasures",
        _needed("org", _ID),
        _needed("person", _ID),
        _needed("asked_by", _ID),
        _needed("asked_at", _MOMENT),
        sa.Column("done_at", _MOMENT),
        sa.PrimaryKeyConstraint("org", "person", name="pk_erasures"),
        sa.ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"], name="fk_erasures_org_person"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in ("org_limits", "erasures"):
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(f"CREATE POLICY tenant ON {table} USING ({_MINE}) WITH CHECK ({_MINE})")
            op.execute(f"CREATE POLICY whole ON {table} TO CURRENT_USER USING ({_ACROSS}) WITH CHECK ({_ACROSS})")
