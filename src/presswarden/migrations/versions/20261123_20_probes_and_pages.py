"""How a site looked from outside when it was connected; and lists that go on where a page ended, each by an order of its own."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261123_20"
down_revision = "20261123_11"

_MOMENT = sa.DateTime(timezone=True)
_ID = sa.String(36)
_MINE = "org = (SELECT nullif(current_setting('presswarden.org', true), ''))"
_ACROSS = "(SELECT current_setting('presswarden.everyone', true)) = 'yes'"


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    op.create_table(
        "site_probes",
        _needed("org", _ID),
        _needed("site", _ID),
        _needed("home", sa.String(500)),
        _needed("wanted_at", _MOMENT),
        sa.Column("due_at", _MOMENT, nullable=True),
        sa.Column("looked_at", _MOMENT, nullable=True),
        _needed("findings", sa.JSON()),
        sa.PrimaryKeyConstraint("org", "site", name="pk_site_probes"),
        sa.ForeignKeyConstraint(["org", "site"], ["sites.org", "sites.site"], name="fk_site_probes_org_site"),
    )
    op.create_index("ix_site_probes_org_due_at", "site_probes", ["org", "due_at"])
    op.create_index("ix_proposals_org_state_approve_by", "proposals", ["org", "state", "approve_by"])
    op.create_index("ix_incidents_org_opened_at", "incidents", ["org", "opened_at"])
    op.create_index("ix_work_org_filed_at", "work", ["org", "filed_at"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE site_probes ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE site_probes FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON site_probes USING ({_MINE}) WITH CHECK ({_MINE})")
        op.execute(f"CREATE POLICY whole ON site_probes TO CURRENT_USER USING ({_ACROSS}) WITH CHECK ({_ACROSS})")
