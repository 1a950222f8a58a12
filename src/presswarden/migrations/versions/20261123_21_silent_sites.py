"""Which sites are silent or in trouble, without a walk over all sites: what was heard names its installation, and that alone says whether it is paired."""

from alembic import op

revision = "20261123_21"
down_revision = "20261123_20"

_VIEWS = {
    "fleet_heard": "SELECT t.org, t.site, t.heard_at FROM telemetry_standings t "
    "JOIN installations i ON i.installation = t.installation AND i.org = t.org WHERE i.state = 'paired'",
    "fleet_troubled": "SELECT n.org, n.site FROM incidents n "
    "JOIN telemetry_standings t ON t.org = n.org AND t.site = n.site "
    "JOIN installations i ON i.installation = t.installation AND i.org = t.org WHERE n.open_key > '' AND i.state = 'paired'",
}


def upgrade() -> None:
    is_server = op.get_bind().dialect.name == "postgresql"
    for name, query in _VIEWS.items():
        if is_server:  # in its place, so that the rights on it stay; it reads as whoever asks
            op.execute(f"CREATE OR REPLACE VIEW {name} WITH (security_invoker = true) AS {query}")
        else:
            op.execute(f"DROP VIEW {name}")
            op.execute(f"CREATE VIEW {name} AS {query}")
