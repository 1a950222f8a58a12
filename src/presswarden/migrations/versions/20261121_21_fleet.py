"""The fleet at a glance: what runs where in columns, tags, saved views, reads of many sites; and views over what the stages hold.

What runs where is filled by inventories: forgetting their hashes lets every site be asked for its own once more, at its next heartbeat.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261121_21"
down_revision = "20261121_20"

_MOMENT = sa.DateTime(timezone=True)
_ID = sa.String(36)
_FLEET = """
CREATE VIEW fleet {of_whoever_asks} AS
SELECT s.org, s.site, s.label, s.created_at, s.paused_at, s.pause_reason,
       i.state, i.home, i.paired_at,
       t.heard_at, t.paused AS paused_there, t.connector,
       r.wordpress, r.php, r.core_updates, r.plugin_updates, r.theme_updates, r.translation_updates, r.updates,
       m.mode, m.critical,
       l.client, c.name AS client_name,
       n.incidents
FROM sites s
LEFT JOIN installations i ON i.org = s.org AND i.installation = s.installation
LEFT JOIN telemetry_standings t ON t.org = s.org AND t.site = s.site
LEFT JOIN telemetry_roll r ON r.org = s.org AND r.site = s.site
LEFT JOIN site_stations m ON m.org = s.org AND m.site = s.site
LEFT JOIN client_sites l ON l.org = s.org AND l.site = s.site
LEFT JOIN clients c ON c.org = l.org AND c.client = l.client
LEFT JOIN (SELECT org, site, count(*) AS incidents FROM incidents WHERE open_key IS NOT NULL GROUP BY org, site) n
       ON n.org = s.org AND n.site = s.site
"""
_COUNTS = """
CREATE VIEW console_counts {of_whoever_asks} AS
SELECT o.org,
       (SELECT count(*) FROM sites s WHERE s.org = o.org) AS sites,
       (SELECT count(*) FROM proposals p WHERE p.org = o.org AND p.state = 'waiting') AS waiting,
       (SELECT count(*) FROM work w WHERE w.org = o.org AND w.ended_at IS NULL) AS running,
       (SELECT count(*) FROM incidents n WHERE n.org = o.org AND n.open_key IS NOT NULL) AS incidents
FROM organisations o
"""
_PARTS = (
    # What the tabs count: each from the one table that knows, for a whole join of ten thousand rows costs fifty times that.
    "CREATE VIEW fleet_all {of_whoever_asks} AS SELECT org, site FROM sites",
    "CREATE VIEW fleet_offered {of_whoever_asks} AS SELECT org, site FROM telemetry_roll WHERE updates > 0",
    "CREATE VIEW fleet_heard {of_whoever_asks} AS SELECT t.org, t.site, t.heard_at FROM telemetry_standings t "
    "JOIN sites s ON s.org = t.org AND s.site = t.site JOIN installations i ON i.org = s.org AND i.installation = s.installation WHERE i.state = 'paired'",
    "CREATE VIEW fleet_troubled {of_whoever_asks} AS SELECT n.org, n.site FROM incidents n "
    "JOIN sites s ON s.org = n.org AND s.site = n.site JOIN installations i ON i.org = s.org AND i.installation = s.installation "
    "WHERE n.open_key > '' AND i.state = 'paired'",
    "CREATE VIEW fleet_tags {of_whoever_asks} AS SELECT org, site, tag FROM site_tags",
    "CREATE VIEW fleet_components {of_whoever_asks} AS SELECT org, site, component, name, version, active FROM telemetry_components",
    "CREATE VIEW fleet_offers {of_whoever_asks} AS SELECT org, site, component, version FROM telemetry_offers WHERE gone_at IS NULL",
)


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    op.create_table(
        "telemetry_roll",
        *(_needed(name, _ID) for name in ("org", "site")),
        *(_needed(name, sa.String(100)) for name in ("wordpress", "php")),
        *(_needed(name, sa.Integer()) for name in ("core_updates", "plugin_updates", "theme_updates", "translation_updates", "updates")),
        sa.PrimaryKeyConstraint("org", "site", name="pk_telemetry_roll"),
    )
    op.create_table(
        "telemetry_components",
        _needed("org", _ID),
        _needed("site", _ID),
        _needed("component", sa.String(300)),
        _needed("name", sa.String(200)),
        _needed("version", sa.String(100)),
        _needed("active", sa.Boolean()),
        sa.PrimaryKeyConstraint("org", "site", "component", name="pk_telemetry_components"),
    )
    op.create_index("ix_telemetry_components_org_component", "telemetry_components", ["org", "component", "version"])
    op.execute("UPDATE telemetry_inventories SET hash = ''")
    _of_people()
    _reads()
    for view in (_FLEET, _COUNTS, *_PARTS):
        # On PostgreSQL a view reads as whoever asks, so that row-level security holds through it.
        asks = "WITH (security_invoker = true)" if op.get_bind().dialect.name == "postgresql" else ""
        op.execute(view.format(of_whoever_asks=asks))


def _of_people() -> None:
    op.create_table(
        "site_tags",
        _needed("org", _ID),
        _needed("site", _ID),
        _needed("tag", sa.String(40)),
        sa.PrimaryKeyConstraint("org", "site", "tag", name="pk_site_tags"),
        sa.ForeignKeyConstraint(["org", "site"], ["sites.org", "sites.site"], name="fk_site_tags_org_site"),
    )
    op.create_index("ix_site_tags_org_tag", "site_tags", ["org", "tag"])
    op.create_table(
        "site_views",
        _needed("org", _ID),
        _needed("view", _ID),
        _needed("person", _ID),
        _needed("name", sa.String(60)),
        _needed("query", sa.String(1000)),
        sa.PrimaryKeyConstraint("org", "view", name="pk_site_views"),
        sa.ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"], name="fk_site_views_org_person"),
        sa.UniqueConstraint("org", "person", "name", name="uq_site_views_org_person_name"),
    )


def _reads() -> None:
    op.create_table(
        "mailbox_batches",
        _needed("org", _ID),
        _needed("batch", _ID),
        _needed("tool", sa.String(64)),
        _needed("asked_by", _ID),
        _needed("asked_at", _MOMENT),
        _needed("total", sa.Integer()),
        sa.PrimaryKeyConstraint("org", "batch", name="pk_mailbox_batches"),
    )
    op.create_index("ix_mailbox_batches_asked_at", "mailbox_batches", ["asked_at"])
    op.create_table(
        "mailbox_batch_requests",
        _needed("org", _ID),
        _needed("batch", _ID),
        _needed("site", _ID),
        sa.Column("request", _ID, nullable=True),
        _needed("refused", sa.String(300)),
        sa.PrimaryKeyConstraint("org", "batch", "site", name="pk_mailbox_batch_requests"),
        sa.ForeignKeyConstraint(
            ["org", "batch"], ["mailbox_batches.org", "mailbox_batches.batch"], name="fk_mailbox_batch_requests_org_batch"
        ),
    )
